; Stands in for the program: says in its own folder that it runs, until somebody puts a file “stop” there.
Target ${TARGET}
SilentInstall silent
RequestExecutionLevel user
Unicode true
Name "Stand-in ${VERSION}"
OutFile "${OUTPUT}"
!include LogicLib.nsh
Section
  FileOpen $0 "$EXEDIR\runs" w
  FileClose $0
  ${DoUntil} ${FileExists} "$EXEDIR\stop"
    Sleep 50
  ${Loop}
  Delete "$EXEDIR\runs"
  Delete "$EXEDIR\stop"
SectionEnd
