; What the user has made and fetched with the program: kept at the end unless the user says otherwise, each apart. It
; lies in one folder of the program's own, whose name nobody can choose; a folder that was chosen for models lies
; elsewhere and is never deleted, nor is anything behind a link.

!define DATA "$LOCALAPPDATA\KandinskyStudio"
!define CHOSEN_FOLDER "${DATA}\models-folder"  ; names the folder that was chosen for models, if one was
!define FOLDER 0x10                            ; FILE_ATTRIBUTE_DIRECTORY
!define LINK 0x400                             ; FILE_ATTRIBUTE_REPARSE_POINT
!define LINK_OR_FOLDER 0x410

Var DeleteModels   ; 1 if these go, too
Var DeleteLibrary
Var ModelsBox
Var LibraryBox
Var Chosen

; What the switches wish for.
Function un.readWishes
  ${GetParameters} $0
  StrCpy $DeleteModels 0
  StrCpy $DeleteLibrary 0
  ClearErrors
  ${GetOptions} "$0" "/DELETEMODELS" $1
  ${IfNot} ${Errors}
    StrCpy $DeleteModels 1
  ${EndIf}
  ClearErrors
  ${GetOptions} "$0" "/DELETELIBRARY" $1
  ${IfNot} ${Errors}
    StrCpy $DeleteLibrary 1
  ${EndIf}
FunctionEnd

; The one page of the uninstaller that asks.
Function un.askPage
  !insertmacro MUI_HEADER_TEXT "$(ASK_TITLE)" "$(ASK_SUBTITLE)"
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateLabel} 0 0 100% 26u "$(ASK_WHAT)"
  Pop $0

  Call un.sizeOfModels
  Pop $1
  ${NSD_CreateCheckbox} 0 32u 100% 12u "$(ASK_MODELS)"
  Pop $ModelsBox
  ${NSD_SetState} $ModelsBox $DeleteModels
  ${NSD_CreateLabel} 12u 45u 100% 10u "$(ASK_MODELS_MORE)"
  Pop $0

  ${NSD_CreateCheckbox} 0 62u 100% 12u "$(ASK_LIBRARY)"
  Pop $LibraryBox
  ${NSD_SetState} $LibraryBox $DeleteLibrary
  ${NSD_CreateLabel} 12u 75u -12u 20u "$(ASK_LIBRARY_MORE)"
  Pop $0

  Call un.chosenFolder
  Pop $Chosen
  ${If} $Chosen != ""
    ${NSD_CreateLabel} 0 104u 100% 30u "$(ASK_CHOSEN)"
    Pop $0
  ${EndIf}
  GetDlgItem $0 $HWNDPARENT 1
  SendMessage $0 ${WM_SETTEXT} 0 "STR:$(ASK_BUTTON)"
  nsDialogs::Show
FunctionEnd

Function un.askLeave
  ${NSD_GetState} $ModelsBox $DeleteModels
  ${NSD_GetState} $LibraryBox $DeleteLibrary
  ${If} $DeleteLibrary = ${BST_CHECKED}
    MessageBox MB_YESNO|MB_ICONEXCLAMATION|MB_DEFBUTTON2 "$(ASK_AGAIN)" /SD IDYES IDYES +2
    Abort
  ${EndIf}
FunctionEnd

; Pushes how large downloaded models and runtime packs are, such as “12.3 GB”.
Function un.sizeOfModels
  Push "${DATA}\models"
  Call un.sizeOfTree
  Pop $1
  Push "${DATA}\runtimes"
  Call un.sizeOfTree
  Pop $2
  IntOp $1 $1 + $2
  IntOp $1 $1 / 1024
  ${If} $1 < 1024
    StrCpy $1 "$1 $(MEGABYTES)"
  ${Else}
    IntOp $2 $1 / 1024
    IntOp $3 $1 % 1024
    IntOp $3 $3 * 10
    IntOp $3 $3 / 1024
    StrCpy $1 "$2$(DECIMAL)$3 $(GIGABYTES)"
  ${EndIf}
  Push $1
FunctionEnd

; Push FOLDER; pushes how many KB there are in it, behind no link. (NSIS's own GetSize takes a file of 5 GB for 1 GB.)
Function un.sizeOfTree
  Exch $0
  Push $1
  Push $2
  Push $3
  Push $4
  Push $5
  StrCpy $5 0
  ClearErrors
  FindFirst $1 $2 "$0\*.*"
  ${DoUntil} ${Errors}
    ${If} $2 != "."
    ${AndIf} $2 != ".."
      ; Attributes, three times of two numbers each, and the size: its upper half first.
      System::Call '*(i, l, l, l, i, i) p .r3'
      System::Call 'kernel32::GetFileAttributesExW(w "$0\$2", i 0, p r3) i .r4'
      ${If} $4 <> 0
        Push $6
        System::Call '*$3(i .r4, l, l, l, i .r6, i .s)'
        Exch $7
        IntOp $6 $6 * 4194304
        IntOp $7 $7 >>> 10
        IntOp $6 $6 + $7
        Pop $7
        IntOp $4 $4 & ${LINK_OR_FOLDER}
        ${If} $4 = 0
          IntOp $5 $5 + $6
        ${ElseIf} $4 = ${FOLDER}
          Push "$0\$2"
          Call un.sizeOfTree
          Pop $6
          IntOp $5 $5 + $6
        ${EndIf}
        Pop $6
      ${EndIf}
      System::Free $3
    ${EndIf}
    ClearErrors
    FindNext $1 $2
  ${Loop}
  FindClose $1
  StrCpy $0 $5
  Pop $5
  Pop $4
  Pop $3
  Pop $2
  Pop $1
  Exch $0
FunctionEnd

; Pushes the folder that was chosen for models, which stays; empty if none was.
Function un.chosenFolder
  StrCpy $0 ""
  ClearErrors
  FileOpen $1 "${CHOSEN_FOLDER}" r
  ${IfNot} ${Errors}
    System::Alloc 2048
    Pop $2
    System::Call 'kernel32::ReadFile(p r1, p r2, i 2047, *i .r3, p 0)'
    System::Call 'kernel32::MultiByteToWideChar(i 65001, i 0, p r2, i r3, t .r0, i ${NSIS_MAX_STRLEN})'
    System::Free $2
    FileClose $1
    ${Do}
      StrCpy $2 $0 1 -1
      ${If} $2 == "$\n"
      ${OrIf} $2 == "$\r"
        StrCpy $0 $0 -1
      ${Else}
        ${ExitDo}
      ${EndIf}
    ${Loop}
  ${EndIf}
  Push $0
FunctionEnd

; Ends here if something is to be deleted that another copy of the program uses: it holds its lock while it runs.
Function un.checkKept
  ${If} $DeleteModels = 1
  ${OrIf} $DeleteLibrary = 1
    again:
    Push "${DATA}\instance.lock"
    Call un.inUse
    Pop $0
    ${If} $0 = 1
      MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(RUNNING)" /SD IDCANCEL IDRETRY again
      SetErrorLevel ${EXIT_RUNNING}
      Quit
    ${EndIf}
  ${EndIf}
FunctionEnd

; Delete what was wished for; with both wishes, nothing of the program's own folder is left.
Function un.deleteKept
  ${If} $DeleteModels = 1
    Push "${DATA}\models"
    Call un.deleteTree
    Push "${DATA}\runtimes"
    Call un.deleteTree
  ${EndIf}
  ${If} $DeleteLibrary = 1
    ClearErrors
    FindFirst $1 $2 "${DATA}\*.*"
    ${DoUntil} ${Errors}
      ${Select} $2
        ${Case4} "." ".." "models" "runtimes"
        ${Default}
          Push $1
          Push "${DATA}\$2"
          Call un.deleteTree
          Pop $1
      ${EndSelect}
      ClearErrors
      FindNext $1 $2
    ${Loop}
    FindClose $1
  ${EndIf}
  RMDir "${DATA}"
FunctionEnd

; Push FILE-OR-FOLDER; deletes it and what is in it. Of a link, to a folder on another disk for example, only the link.
Function un.deleteTree
  Exch $0
  Push $1
  Push $2
  System::Call 'kernel32::GetFileAttributesW(w r0) i .r1'
  ${If} $1 <> -1
    IntOp $2 $1 & ${FOLDER}
    ${If} $2 = 0
      SetFileAttributes "$0" NORMAL
      Delete "$0"
    ${Else}
      IntOp $2 $1 & ${LINK}
      ${If} $2 = 0
        ClearErrors
        FindFirst $1 $2 "$0\*.*"
        ${DoUntil} ${Errors}
          ${If} $2 != "."
          ${AndIf} $2 != ".."
            Push "$0\$2"
            Call un.deleteTree
          ${EndIf}
          ClearErrors
          FindNext $1 $2
        ${Loop}
        FindClose $1
      ${EndIf}
      RMDir "$0"
    ${EndIf}
  ${EndIf}
  Pop $2
  Pop $1
  Pop $0
FunctionEnd
