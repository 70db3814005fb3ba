SELECT Timestamp, DeviceId, ProcessCommandLine
FROM DeviceProcessEvents
WHERE contains(lower(ProcessCommandLine), 'mimikatz')
  AND regexp_matches(ProcessCommandLine, '(?i)(?:^|[^\p{L}\p{Nd}])mimikatz(?:$|[^\p{L}\p{Nd}])')
