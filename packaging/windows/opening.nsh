; .ora files opened by the program, for this user: offered among the programs that can, and the one that does where
; there was none. What opens them otherwise is never changed, nor taken away at the end.

!define PROGID "KandinskyStudio.OpenRaster"
!define CLASSES "Software\Classes"
!define APPLICATION "${CLASSES}\Applications\${PROGRAM}.exe"
!define CAPABILITIES "${KEY}\Capabilities"

; $0: what opens .ora files by default, for this user or for all; empty if nothing does.
!macro READ_OWNER
  ReadRegStr $0 HKCU "${CLASSES}\.ora" ""
  ${If} $0 == ""
    ReadRegStr $0 HKCR ".ora" ""
  ${EndIf}
!macroend

!macro TELL_EXPLORER
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'  ; SHCNE_ASSOCCHANGED
!macroend

!macro SUPPORT type
  WriteRegStr HKCU "${APPLICATION}\SupportedTypes" "${type}" ""
!macroend

Function openOra
  WriteRegStr HKCU "${CLASSES}\${PROGID}" "" "$(ORA_FILE)"
  WriteRegStr HKCU "${CLASSES}\${PROGID}" "FriendlyTypeName" "$(ORA_FILE)"
  WriteRegStr HKCU "${CLASSES}\${PROGID}\DefaultIcon" "" "$INSTDIR\${PROGRAM}.exe,0"
  WriteRegStr HKCU "${CLASSES}\${PROGID}\shell\open\command" "" '"$INSTDIR\${PROGRAM}.exe" "%1"'
  WriteRegNone HKCU "${CLASSES}\.ora\OpenWithProgids" "${PROGID}"
  !insertmacro READ_OWNER
  ${If} $0 == ""
    WriteRegStr HKCU "${CLASSES}\.ora" "" "${PROGID}"
  ${EndIf}

  ; “Open with” in the Explorer lists the program for pictures of other kinds, too.
  WriteRegStr HKCU "${APPLICATION}" "FriendlyAppName" "${TITLE}"
  WriteRegStr HKCU "${APPLICATION}\shell\open\command" "" '"$INSTDIR\${PROGRAM}.exe" "%1"'
  !insertmacro SUPPORT ".ora"
  !insertmacro SUPPORT ".psd"
  !insertmacro SUPPORT ".png"
  !insertmacro SUPPORT ".jpg"
  !insertmacro SUPPORT ".jpeg"
  !insertmacro SUPPORT ".webp"
  !insertmacro SUPPORT ".tif"
  !insertmacro SUPPORT ".tiff"
  !insertmacro SUPPORT ".avif"

  ; The page of Windows' settings where users choose what opens what.
  WriteRegStr HKCU "${CAPABILITIES}" "ApplicationName" "${TITLE}"
  WriteRegStr HKCU "${CAPABILITIES}" "ApplicationDescription" "$(TELL_SHORTCUT)"
  WriteRegStr HKCU "${CAPABILITIES}\FileAssociations" ".ora" "${PROGID}"
  WriteRegStr HKCU "Software\RegisteredApplications" "${TITLE}" "${CAPABILITIES}"
  !insertmacro TELL_EXPLORER
FunctionEnd

!macro LEAVE un
Function ${un}leaveOra
  ReadRegStr $0 HKCU "${CLASSES}\.ora" ""
  ${If} $0 == "${PROGID}"
    DeleteRegValue HKCU "${CLASSES}\.ora" ""
  ${EndIf}
  DeleteRegValue HKCU "${CLASSES}\.ora\OpenWithProgids" "${PROGID}"
  DeleteRegKey /ifempty HKCU "${CLASSES}\.ora\OpenWithProgids"
  DeleteRegKey /ifempty HKCU "${CLASSES}\.ora"
  DeleteRegKey HKCU "${CLASSES}\${PROGID}"
  DeleteRegKey HKCU "${APPLICATION}"
  DeleteRegKey HKCU "${CAPABILITIES}"
  DeleteRegValue HKCU "Software\RegisteredApplications" "${TITLE}"
  !insertmacro TELL_EXPLORER
FunctionEnd
!macroend

!insertmacro LEAVE ""
!insertmacro LEAVE "un."
