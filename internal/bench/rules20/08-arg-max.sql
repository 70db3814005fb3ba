SELECT DeviceId, AccountName, max(Timestamp) AS Timestamp, arg_max(FileName, Timestamp) AS FileName, arg_max(ProcessCommandLine, Timestamp) AS ProcessCommandLine
FROM DeviceProcessEvents
GROUP BY DeviceId, AccountName
