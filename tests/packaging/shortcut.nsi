; Writes the program's name into a property store as the installer does into those of its shortcuts (Wine's shortcuts
; have none), and what the store tells of it then into a file. Compiled by test_installer.py, which defines
;   TARGET, OUTPUT  the program to write
;   SCRIPTS         the folder of the installer's scripts
;   TOLD            the file to write, as Windows calls it

Target ${TARGET}
OutFile "${OUTPUT}"
SilentInstall silent
RequestExecutionLevel user
Name "shortcut"

!define PROGRAM "kandinsky-studio"
LangString TELL_SHORTCUT 1033 "A shortcut"
!include LogicLib.nsh
!include "${SCRIPTS}/shortcut.nsh"

Section
  SetOutPath $TEMP
  Push "$TEMP\shortcut.lnk"
  Call makeShortcut
  System::Call 'propsys::PSCreateMemoryPropertyStore(g"${IID_IPropertyStore}", *p.r2)'
  Call writeName
  System::Call '*${SYSSTRUCT_PROPERTYKEY}(${PKEY_AppUserModel_ID})p.r3'
  System::Call '*${SYSSTRUCT_PROPVARIANT}p.r4'
  ${IPropertyStore::GetValue} $2 '($3, $4).r5'
  System::Call '*$4(&i2.r6,&i6,p.r7)'
  System::Call '*$7(&w64.r8)'
  FileOpen $9 "${TOLD}" w
  FileWrite $9 "$5 $6 $8"
  FileClose $9
SectionEnd
