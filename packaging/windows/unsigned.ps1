# Lists the programs and libraries below some folders that carry no valid signature, a path a line, relative to where the
# list is. They are known by how they begin, not by their names: Windows' Smart App Control looks at them in the same
# way. What others have signed already keeps their signature.
param(
    [Parameter(Mandatory)] [string[]] $Folders,
    [Parameter(Mandatory)] [string] $List
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$List = [System.IO.Path]::GetFullPath($List, $PWD.Path)
$here = [System.IO.Path]::GetDirectoryName($List)
$unsigned = @(foreach ($file in Get-ChildItem -LiteralPath $Folders -Recurse -File) {
    $stream = [System.IO.File]::OpenRead($file.FullName)
    try {
        $program = $stream.ReadByte() -eq 0x4D -and $stream.ReadByte() -eq 0x5A  # “MZ”
    } finally {
        $stream.Dispose()
    }
    if ($program -and (Get-AuthenticodeSignature -LiteralPath $file.FullName).Status -ne 'Valid') {
        [System.IO.Path]::GetRelativePath($here, $file.FullName)
    }
})
[System.IO.File]::WriteAllLines($List, [string[]] $unsigned)
Write-Output "$($unsigned.Count) files have no valid signature"
