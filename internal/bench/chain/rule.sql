SELECT n.Timestamp, n.DeviceName, n.RemoteIP, n.RemotePort, l.AccountDomain, l.AccountName, l.AccountSid, n.Protocol, l.LogonId, l.RemoteDeviceName, l.IsLocalAdmin,
  f.FileName, f.FolderPath, f.SHA1, f.SHA256, f.MD5, p.ProcessCommandLine
FROM DeviceNetworkEvents n
JOIN DeviceLogonEvents l ON n.DeviceId = l.DeviceId
  AND l.Timestamp BETWEEN n.Timestamp AND n.Timestamp + 50000000 AND ends_with(lower(n.RemoteIP), lower(l.RemoteIP))
JOIN DeviceFileEvents f ON n.DeviceId = f.DeviceId AND f.Timestamp BETWEEN n.Timestamp AND n.Timestamp + 50000000
JOIN DeviceProcessEvents p ON n.DeviceId = p.DeviceId AND f.FolderPath = p.FolderPath AND p.Timestamp BETWEEN n.Timestamp AND n.Timestamp + 50000000
WHERE n.LocalPort = 445 AND n.RemoteIP <> ''
  AND f.ActionType IN ('FileModified', 'FileCreated') AND (lower(f.InitiatingProcessFileName) = 'system' OR ends_with(lower(f.InitiatingProcessFolderPath), 'ntoskrnl.exe'))
