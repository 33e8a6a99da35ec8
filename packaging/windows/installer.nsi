; Kandinsky Studio for Windows: what installs the program for one user, and what removes it. Compiled by ../nsis.py,
; which defines
;   VERSION, VERSION_QUAD  what is installed, as “0.1.0” and as “0.1.0.0”
;   SIZE_KB, LONGEST       how large it is on disk, and how long its longest path is in characters
;   ICON, SIDE             the .ico file and the bitmap beside the first and the last page
;   PAYLOAD, LISTING       the script that extracts the files, and the list of their names, which is installed with them
;   OUTPUT                 the installer to write
;   TARGET                 “amd64-unicode” or “x86-unicode”: for which processor it is made itself
;   UNINSTALLER            an uninstaller that was made and signed before, to install in place of the one made here
;   KEEP_UNINSTALLER       a command that copies “%1”, the uninstaller made here, to where it is signed
;
; Switches of the installer, each optional:
;   /S          ask nothing, show nothing
;   /LANG=1049  Russian (1033: English); that of Windows, if it is not given
;   /DESKTOP=1  a shortcut on the desktop (0: none); as before when it updates, else none
;   /ORA=1      .ora files open with the program (0: they don't); as before when it updates, else if nothing opens them
;   /D=FOLDER   where to; the last switch, without quotes even if there are spaces
; Switches of the uninstaller:
;   /S              ask nothing, and keep what the user has made and fetched
;   /DELETEMODELS   delete downloaded models and runtime packs too (with /S; else that box is ticked at first)
;   /DELETELIBRARY  delete generated pictures, unsaved documents and preferences too (likewise)
;   _?=FOLDER       wait for the end in place of returning at once; the uninstaller itself is left over then
; Both end with one of the codes below.

!define EXIT_DONE 0
; 1 is given by NSIS itself: cancelled by the user
!define EXIT_FAILED 2        ; a file could not be written (NSIS gives this one, too) or removed
!define EXIT_RUNNING 3       ; the program is open
!define EXIT_OLD_WINDOWS 4   ; Windows is older than the program can do with
!define EXIT_NO_SPACE 5      ; the disk has too little room
!define EXIT_BAD_FOLDER 6    ; the folder has too long a name, or nothing can be written there

!define TITLE "Kandinsky Studio"
!define PROGRAM "kandinsky-studio"
!define KEY "Software\KandinskyStudio"
!define ARP "Software\Microsoft\Windows\CurrentVersion\Uninstall\KandinskyStudio"
!define LIST "installed-files.txt"
!define LONGEST_FILE_NAME 259  ; characters that Windows takes without being asked to take more
!define OLDEST_BUILD 17763     ; of Windows 10: 1809, the oldest that Qt runs on

Target ${TARGET}
SetCompressor lzma  ; not solid: the uninstaller and every file can be had without unpacking what lies before it
SetCompressorDictSize 64
RequestExecutionLevel user
ManifestDPIAware true
ManifestLongPathAware true
ManifestSupportedOS Win10
CRCCheck force
AllowSkipFiles off  ; a program with a file missing is none

Name "${TITLE}"
BrandingText "${TITLE} ${VERSION}"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\${TITLE}"
InstallDirRegKey HKCU "${KEY}" "Folder"

!include LogicLib.nsh
!include MUI2.nsh
!include nsDialogs.nsh
!include FileFunc.nsh
!include Sections.nsh
!include StrFunc.nsh
!include WinVer.nsh
!include WordFunc.nsh
!include x64.nsh

${StrStr}
${UnStrStr}

Var Before         ; the folder of the version that is installed already; empty if none is
Var VersionBefore
Var Greeting

; ---------------------------------------------------------------------- pages

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_WELCOMEFINISHPAGE_BITMAP "${SIDE}"
!define MUI_WELCOMEFINISHPAGE_BITMAP_STRETCH AspectFitHeight
!define MUI_ABORTWARNING
!define MUI_COMPONENTSPAGE_SMALLDESC

!define MUI_PAGE_CUSTOMFUNCTION_PRE greet
!define MUI_WELCOMEPAGE_TEXT "$Greeting"
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_COMPONENTS
!define MUI_PAGE_CUSTOMFUNCTION_LEAVE checkPlace
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_RUN "$INSTDIR\${PROGRAM}.exe"
!insertmacro MUI_PAGE_FINISH

UninstPage custom un.askPage un.askLeave
!insertmacro MUI_UNPAGE_INSTFILES

!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "Russian"
!include texts-en.nsh
!include texts-ru.nsh

VIProductVersion "${VERSION_QUAD}"
!macro DESCRIBE language
  VIAddVersionKey /LANG=${language} "ProductName" "${TITLE}"
  VIAddVersionKey /LANG=${language} "ProductVersion" "${VERSION}"
  VIAddVersionKey /LANG=${language} "FileVersion" "${VERSION}"
  VIAddVersionKey /LANG=${language} "FileDescription" "${TITLE}"
  VIAddVersionKey /LANG=${language} "CompanyName" "${TITLE}"
  VIAddVersionKey /LANG=${language} "LegalCopyright" "Apache-2.0"
!macroend
!insertmacro DESCRIBE ${LANG_ENGLISH}
!insertmacro DESCRIBE ${LANG_RUSSIAN}

!include files.nsh
!include opening.nsh
!include shortcut.nsh
!include kept.nsh

!ifdef KEEP_UNINSTALLER  ; a command that puts a copy of it somewhere, to be signed
  !uninstfinalize '${KEEP_UNINSTALLER}'
!endif

; ---------------------------------------------------------------------- what is installed

Section "$(PART_PROGRAM)" PROGRAM_PART
  SectionIn RO
  Call checkWritable
  Call checkRoom
  Push $INSTDIR
  Call checkRunning
  ${If} $Before != ""
    ${If} $Before != $INSTDIR
      Push $Before
      Call checkRunning
    ${EndIf}
    DetailPrint "$(REMOVING_BEFORE)"
    Push "$Before"
    Push "$Before\${LIST}"
    Call removeListed
    ${If} $Before != $INSTDIR
      Delete "$Before\${LIST}"
      Delete "$Before\uninstall.exe"
      RMDir "$Before"
    ${EndIf}
  ${EndIf}
  ${If} ${FileExists} "$INSTDIR\${LIST}"  ; the list of a version that no registry knows of
    Push "$INSTDIR"
    Push "$INSTDIR\${LIST}"
    Call removeListed
  ${EndIf}

  ; First what is needed to remove all the rest: an installation that was cut off can be mended or removed.
  SetOutPath "$INSTDIR"
  SetOverwrite on
  File "/oname=${LIST}" "${LISTING}"
  !ifdef UNINSTALLER
    !pragma warning disable 6020  ; that the uninstaller below is not used
    File "/oname=uninstall.exe" "${UNINSTALLER}"
  !else
    WriteUninstaller "$INSTDIR\uninstall.exe"
  !endif
  WriteRegStr HKCU "${KEY}" "Folder" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "Version" "${VERSION}"
  WriteRegStr HKCU "${ARP}" "DisplayName" "${TITLE}"
  WriteRegStr HKCU "${ARP}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${ARP}" "Publisher" "${TITLE}"
  WriteRegStr HKCU "${ARP}" "DisplayIcon" "$INSTDIR\${PROGRAM}.exe,0"
  WriteRegStr HKCU "${ARP}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${ARP}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${ARP}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${ARP}" "EstimatedSize" ${SIZE_KB}
  WriteRegDWORD HKCU "${ARP}" "NoModify" 1
  WriteRegDWORD HKCU "${ARP}" "NoRepair" 1

  !include "${PAYLOAD}"

  SetOutPath "$INSTDIR"  ; the folder that the shortcuts start the program in
  Push "$SMPROGRAMS\${TITLE}.lnk"
  Call makeShortcut
SectionEnd

Section /o "$(PART_DESKTOP)" DESKTOP_PART
  Push "$DESKTOP\${TITLE}.lnk"
  Call makeShortcut
SectionEnd

Section /o "$(PART_OPENING)" OPENING_PART
  Call openOra
SectionEnd

Section "-what was chosen"
  ${If} ${SectionIsSelected} ${DESKTOP_PART}
    WriteRegDWORD HKCU "${KEY}" "Desktop" 1
  ${Else}
    WriteRegDWORD HKCU "${KEY}" "Desktop" 0
    Delete "$DESKTOP\${TITLE}.lnk"
  ${EndIf}
  ${If} ${SectionIsSelected} ${OPENING_PART}
    WriteRegDWORD HKCU "${KEY}" "OpenRaster" 1
  ${Else}
    WriteRegDWORD HKCU "${KEY}" "OpenRaster" 0
    Call leaveOra
  ${EndIf}
  ; An older installer has to be let over a newer version: that is how the version before is put back.
  SetErrorLevel ${EXIT_DONE}
SectionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${PROGRAM_PART} "$(TELL_PROGRAM)"
  !insertmacro MUI_DESCRIPTION_TEXT ${DESKTOP_PART} "$(TELL_DESKTOP)"
  !insertmacro MUI_DESCRIPTION_TEXT ${OPENING_PART} "$(TELL_OPENING)"
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function .onInit
  !insertmacro SPEAK
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastWin10}
  ${OrIfNot} ${AtLeastBuild} ${OLDEST_BUILD}
    !insertmacro REFUSE "$(OLD_WINDOWS)" ${EXIT_OLD_WINDOWS}
  ${EndIf}
  ReadRegStr $Before HKCU "${KEY}" "Folder"
  ReadRegStr $VersionBefore HKCU "${KEY}" "Version"
  ${IfNot} ${FileExists} "$Before\${LIST}"
    StrCpy $Before ""
  ${EndIf}

  !insertmacro READ_OWNER
  ${If} $0 == ""
    StrCpy $0 1
  ${Else}
    StrCpy $0 0  ; it is another program's; offered all the same
  ${EndIf}
  !insertmacro CHOOSE "OpenRaster" "/ORA=" ${OPENING_PART}
  StrCpy $0 0
  !insertmacro CHOOSE "Desktop" "/DESKTOP=" ${DESKTOP_PART}

  ${If} ${Silent}
    Call checkPlace
  ${EndIf}
FunctionEnd

; What the first page says: a first installation, an update, or the way back to an older version.
Function greet
  StrCpy $Greeting "$(GREET_FRESH)"
  ${If} $Before != ""
    ${VersionCompare} "$VersionBefore" "${VERSION}" $0
    ${If} $0 = 1
      StrCpy $Greeting "$(GREET_BACK)"
    ${ElseIf} $0 = 2
      StrCpy $Greeting "$(GREET_UPDATE)"
    ${Else}
      StrCpy $Greeting "$(GREET_AGAIN)"
    ${EndIf}
  ${EndIf}
FunctionEnd

; Whether every file's name will be short enough in $INSTDIR.
Function checkPlace
  StrLen $0 "$INSTDIR"
  IntOp $0 $0 + ${LONGEST}
  IntOp $0 $0 + 1
  ${If} $0 > ${LONGEST_FILE_NAME}
    MessageBox MB_OK|MB_ICONEXCLAMATION "$(LONG_FOLDER)" /SD IDOK
    ${If} ${Silent}
      SetErrorLevel ${EXIT_BAD_FOLDER}
      Quit
    ${EndIf}
    Abort
  ${EndIf}
FunctionEnd

; Whether files can be made in $INSTDIR. (NSIS itself takes its default in place of a folder that can't be.)
Function checkWritable
  CreateDirectory "$INSTDIR"
  ClearErrors
  FileOpen $0 "$INSTDIR\${LIST}.partial" w
  ${If} ${Errors}
    RMDir "$INSTDIR"
    !insertmacro REFUSE "$(BAD_FOLDER)" ${EXIT_BAD_FOLDER}
  ${EndIf}
  FileClose $0
  Delete "$INSTDIR\${LIST}.partial"
FunctionEnd

; Whether the disk of $INSTDIR has room, beside what an update frees, for the files and what Windows wants to have.
Function checkRoom
  StrCpy $2 0
  ${If} $Before != ""
    ReadRegDWORD $2 HKCU "${ARP}" "EstimatedSize"
  ${EndIf}
  IntOp $2 ${SIZE_KB} - $2
  IntOp $2 $2 / 1024
  IntOp $2 $2 + 50
  System::Call 'kernel32::GetDiskFreeSpaceExW(w "$INSTDIR", *l .r3, p 0, p 0) i .r4'
  ${If} $4 <> 0
    System::Int64Op $3 / 1048576
    Pop $3
    !ifdef PRETEND_FREE_MB  ; so that a test needs no full disk
      StrCpy $3 ${PRETEND_FREE_MB}
    !endif
    ${If} $3 < $2
      RMDir "$INSTDIR"  ; nothing stays, if nothing was there
      !insertmacro REFUSE "$(NO_SPACE)" ${EXIT_NO_SPACE}
    ${EndIf}
  ${EndIf}
FunctionEnd

; ---------------------------------------------------------------------- what is removed

Section "un.-everything"
  Push $INSTDIR
  Call un.checkRunning
  Call un.checkKept
  InitPluginsDir
  File "/oname=$PLUGINSDIR\${LIST}" "${LISTING}"  ; carried along: the one on disk may be gone
  Push "$INSTDIR"
  Push "$PLUGINSDIR\${LIST}"
  Call un.removeListed
  ${If} ${FileExists} "$INSTDIR\${PROGRAM}.exe"
    !insertmacro REFUSE "$(NOT_REMOVED)" ${EXIT_FAILED}  ; still in the list of programs, to be tried again
  ${EndIf}
  Delete "$INSTDIR\${LIST}"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"

  ReadRegStr $0 HKCU "${KEY}" "Folder"
  ${If} $0 == $INSTDIR  ; a second copy in another folder owns neither shortcuts nor registry
    Delete "$SMPROGRAMS\${TITLE}.lnk"
    Delete "$DESKTOP\${TITLE}.lnk"
    Call un.leaveOra
    DeleteRegKey HKCU "${ARP}"
    DeleteRegKey HKCU "${KEY}"
  ${EndIf}
  Call un.deleteKept
  SetErrorLevel ${EXIT_DONE}
SectionEnd

Function un.onInit
  !insertmacro SPEAK
  Call un.readWishes
FunctionEnd
