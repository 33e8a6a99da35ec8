; Stands in for the program: holds a file as long as it runs, which is until somebody puts a file “stop” beside it.
Target ${TARGET}
SilentInstall silent
RequestExecutionLevel user
Unicode true
Name "Stand-in ${VERSION}"
OutFile "${OUTPUT}"
!include LogicLib.nsh
Section
  FileOpen $0 "$EXEDIR\instance.lock" w
  ${DoUntil} ${FileExists} "$EXEDIR\stop"
    Sleep 50
  ${Loop}
  FileClose $0
  Delete "$EXEDIR\instance.lock"
  Delete "$EXEDIR\stop"
SectionEnd
