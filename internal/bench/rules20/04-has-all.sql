SELECT Timestamp, DeviceName, ProcessCommandLine
FROM DeviceProcessEvents
WHERE lower(FileName) = 'powershell.exe'
  AND contains(lower(ProcessCommandLine), 'http') AND contains(lower(ProcessCommandLine), 'exec')
  AND NOT contains(lower(ProcessCommandLine), 'contoso.example')
  AND regexp_matches(ProcessCommandLine, '(?i)(?:^|[^\p{L}\p{Nd}])http(?:$|[^\p{L}\p{Nd}])')
  AND regexp_matches(ProcessCommandLine, '(?i)(?:^|[^\p{L}\p{Nd}])exec(?:$|[^\p{L}\p{Nd}])')
