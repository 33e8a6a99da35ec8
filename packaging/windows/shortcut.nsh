; Shortcuts that Windows knows the program's windows by: each carries the name that the program gives itself when it
; starts (APPLICATION_ID in kandinsky_studio/ui/desktop.py). Without it a pinned icon and the window would be two buttons
; of the taskbar.

!define APPLICATION_ID "KandinskyStudio.KandinskyStudio"

!include Win\COM.nsh
!include Win\Propkey.nsh

; Push FILE; makes it a shortcut to the program, which starts in $OUTDIR.
Function makeShortcut
  Exch $0
  CreateShortcut "$0" "$INSTDIR\${PROGRAM}.exe" "" "$INSTDIR\${PROGRAM}.exe" 0 SW_SHOWNORMAL "" "$(TELL_SHORTCUT)"
  Push $1
  Push $2
  Push $3
  Push $4
  !insertmacro ComHlpr_CreateInProcInstance ${CLSID_ShellLink} ${IID_IShellLink} r1 ""
  ${If} $1 P<> 0
    ${IUnknown::QueryInterface} $1 '("${IID_IPersistFile}", .r2)'
    ${If} $2 P<> 0
      ${IPersistFile::Load} $2 '("$0", ${STGM_READWRITE}).r3'
      ${If} $3 = 0
        Call nameShortcut
        ${IPersistFile::Save} $2 '("$0", 1)'
      ${EndIf}
      ${IUnknown::Release} $2 ""
    ${EndIf}
    ${IUnknown::Release} $1 ""
  ${EndIf}
  Pop $4
  Pop $3
  Pop $2
  Pop $1
  Pop $0
FunctionEnd

; Gives the shortcut $1 the program's name. What can't be done is left: it starts the program all the same.
Function nameShortcut
  Push $2
  ${IUnknown::QueryInterface} $1 '("${IID_IPropertyStore}", .r2)'
  ${If} $2 P<> 0
    Call writeName
    ${IUnknown::Release} $2 ""
  ${EndIf}
  Pop $2
FunctionEnd

; Writes the program's name into the property store $2.
Function writeName
  Push $3
  Push $4
  Push $5
  System::Call '*${SYSSTRUCT_PROPERTYKEY}(${PKEY_AppUserModel_ID})p.r3'
  System::Call '*(&w64 "${APPLICATION_ID}")p.r5'
  System::Call '*${SYSSTRUCT_PROPVARIANT}(${VT_LPWSTR},,p r5)p.r4'
  ${IPropertyStore::SetValue} $2 '($3, $4)'
  ${IPropertyStore::Commit} $2 ""
  System::Free $3
  System::Free $4
  System::Free $5
  Pop $5
  Pop $4
  Pop $3
FunctionEnd
