; Switches, refusals, and the removal of files by the list that was installed with them; for installer and uninstaller.

; Say ${text} unless asked to be silent, and end with ${code}.
!macro REFUSE text code
  MessageBox MB_OK|MB_ICONSTOP "${text}" /SD IDOK
  SetErrorLevel ${code}
  Quit
!macroend

; Speak the language of /LANG=, else that of Windows, which NSIS has chosen by now.
!macro SPEAK
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} "$0" "/LANG=" $1
  ${IfNot} ${Errors}
    ${If} $1 = ${LANG_ENGLISH}
    ${OrIf} $1 = ${LANG_RUSSIAN}
      StrCpy $LANGUAGE $1
    ${EndIf}
  ${EndIf}
!macroend

; Select ${section} or not: as ${switch} says, else as was chosen before, else as $0 says.
!macro CHOOSE value switch section
  ClearErrors
  ReadRegDWORD $1 HKCU "${KEY}" "${value}"
  ${IfNot} ${Errors}
    StrCpy $0 $1
  ${EndIf}
  ${GetParameters} $2
  ClearErrors
  ${GetOptions} "$2" "${switch}" $1
  ${IfNot} ${Errors}
    StrCpy $0 $1
  ${EndIf}
  ${If} $0 = 1
    !insertmacro SelectSection ${section}
  ${Else}
    !insertmacro UnselectSection ${section}
  ${EndIf}
!macroend

!macro FILES un contains

; Push FOLDER; ends the program's life here if one of its executables is in use there, after some patience: a program
; that was closed just now, or a virus scanner, takes a moment. Windows lets nobody write to a file that runs.
Function ${un}checkRunning
  Exch $0
  Push $1
  Push $2
  again:
  StrCpy $2 0
  ${Do}
    StrCpy $1 0
    Push "$0\${PROGRAM}.exe"
    Call ${un}inUse
    Pop $1
    ${If} $1 = 0
      Push "$0\${PROGRAM}-cli.exe"
      Call ${un}inUse
      Pop $1
    ${EndIf}
    ${If} $1 = 0
      ${ExitDo}
    ${EndIf}
    Sleep 500
    IntOp $2 $2 + 1
  ${LoopUntil} $2 >= 4
  ${If} $1 <> 0
    MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(RUNNING)" /SD IDCANCEL IDRETRY again
    SetErrorLevel ${EXIT_RUNNING}
    Quit
  ${EndIf}
  Pop $2
  Pop $1
  Pop $0
FunctionEnd

; Push FILE; pushes 1 if it is there and can't be written to, else 0.
Function ${un}inUse
  Exch $0
  ${If} ${FileExists} "$0"
    SetFileAttributes "$0" NORMAL
    ClearErrors
    FileOpen $0 "$0" a
    ${If} ${Errors}
      StrCpy $0 1
    ${Else}
      FileClose $0
      StrCpy $0 0
    ${EndIf}
  ${Else}
    StrCpy $0 0
  ${EndIf}
  Exch $0
FunctionEnd

; Push FOLDER, push LIST; removes from the folder the files that the list names, then the folders it names which are
; empty. A line is “F ” or “D ” and a path below the folder. Nothing else is touched: not what the user has put there,
; and nothing outside, even if somebody wrote into the list.
Function ${un}removeListed
  Exch $1
  Exch
  Exch $0
  Push $2
  Push $3
  Push $4
  Push $5
  SetOutPath $TEMP  ; a folder that somebody is in can't be removed
  ClearErrors
  FileOpen $2 "$1" r
  ${IfNot} ${Errors}
    ${Do}
      ClearErrors
      FileReadUTF16LE $2 $3
      ${If} ${Errors}
        ${ExitDo}
      ${EndIf}
      ${Do}
        StrCpy $4 $3 1 -1
        ${If} $4 == "$\n"
        ${OrIf} $4 == "$\r"
          StrCpy $3 $3 -1
        ${Else}
          ${ExitDo}
        ${EndIf}
      ${Loop}
      StrCpy $4 $3 2
      StrCpy $5 $3 "" 2
      ${${contains}} $3 "$5" ".."
      ${If} $3 != ""
        ${Continue}
      ${EndIf}
      ${${contains}} $3 "$5" ":"
      ${If} $3 != ""
        ${Continue}
      ${EndIf}
      ${If} $5 != ""
        ${If} $4 == "F "
          SetFileAttributes "$0\$5" NORMAL
          Delete "$0\$5"
        ${ElseIf} $4 == "D "
          RMDir "$0\$5"
        ${EndIf}
      ${EndIf}
    ${Loop}
    FileClose $2
  ${EndIf}
  Pop $5
  Pop $4
  Pop $3
  Pop $2
  Pop $0
  Pop $1
FunctionEnd

!macroend

!insertmacro FILES "" "StrStr"
!insertmacro FILES "un." "UnStrStr"
