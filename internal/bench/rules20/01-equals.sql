SELECT Timestamp, DeviceName, AccountName, FileName, ProcessCommandLine
FROM DeviceProcessEvents
WHERE lower(InitiatingProcessFileName) = 'winword.exe' AND lower(FileName) IN ('powershell.exe', 'cmd.exe', 'wscript.exe')
