CREATE OR REPLACE MACRO rnd(x) AS CAST(hash(x) >> 1 AS BIGINT);
CREATE OR REPLACE MACRO device(h) AS CASE WHEN h // 7 % 5 = 0 THEN 'dev-000' ELSE 'dev-' || (1 + h // 64 % 199) END;
CREATE OR REPLACE MACRO address(h) AS '10.0.' || (h % 40) || '.' || (h // 64 % 250);
CREATE OR REPLACE MACRO planted(i) AS i % 20000 = 7;
INSERT INTO {DeviceNetworkEvents}
SELECT {start} + i * {step} + h % 1000, device(c), device(c) || '.corp.example', CASE WHEN h2 % 10 < 6 THEN 'ConnectionSuccess' ELSE 'InboundConnectionAccepted' END,
  address(c), 1024 + h2 % 60000, '10.1.0.' || (h % 250), CASE WHEN planted(i) OR h2 % 10 = 0 THEN 445 WHEN h2 % 10 = 1 THEN 443 ELSE 49152 + h3 % 16000 END, 'Tcp', 'svchost.exe'
FROM (SELECT i, h, h2, rnd(h + 1) AS h3, CASE WHEN planted(i) THEN rnd(i * {seed}) ELSE h2 END AS c FROM (SELECT i, h, rnd(h) AS h2 FROM (SELECT range AS i, rnd(range + 1000003 * {seed}) AS h FROM range({from}, {to}))));
INSERT INTO {DeviceLogonEvents}
SELECT {start} + i * {step} + h % 1000 + CASE WHEN planted(i) THEN 10000000 ELSE 0 END, device(c), device(c) || '.corp.example', 'LogonSuccess', 'Network', 'CORP', 'user' || (h2 % 3000), 'S-1-5-21-' || (h2 % 3000), h3 % 100000000, h3 % 10 = 0, 'ws-' || (h3 % 1000), address(c)
FROM (SELECT i, h, h2, rnd(h + 1) AS h3, CASE WHEN planted(i) THEN rnd(i * {seed}) ELSE h2 END AS c FROM (SELECT i, h, rnd(h) AS h2 FROM (SELECT range AS i, rnd(range + 2000003 * {seed}) AS h FROM range({from}, {to}))));
INSERT INTO {DeviceFileEvents}
SELECT {start} + i * {step} + h % 1000 + CASE WHEN planted(i) THEN 20000000 ELSE 0 END, device(c), device(c) || '.corp.example', CASE WHEN planted(i) THEN 'FileCreated' ELSE (['FileModified', 'FileCreated', 'FileDeleted', 'FileRenamed'])[1 + h2 % 4] END,
  'file' || (c % 5000) || '.exe', 'C:\Share\dir' || (c % 97) || '\file' || (c % 5000) || '.exe', lpad(CAST(c % 5000 AS VARCHAR), 40, '5d0c'), lpad(CAST(c % 5000 AS VARCHAR), 64, '5d0c'), lpad(CAST(c % 5000 AS VARCHAR), 32, '5d0c'),
  CASE WHEN planted(i) OR h2 // 16 % 3 = 0 THEN 'System' ELSE 'explorer.exe' END, CASE WHEN planted(i) OR h2 // 16 % 3 = 0 THEN '' ELSE 'C:\Windows\explorer.exe' END
FROM (SELECT i, h, h2, CASE WHEN planted(i) THEN rnd(i * {seed}) ELSE h2 END AS c FROM (SELECT i, h, rnd(h) AS h2 FROM (SELECT range AS i, rnd(range + 3000003 * {seed}) AS h FROM range({from}, {to}))));
INSERT INTO {DeviceProcessEvents}
SELECT {start} + i * {step} + h % 1000 + CASE WHEN planted(i) THEN 30000000 ELSE 0 END, device(c), device(c) || '.corp.example', 'ProcessCreated',
  'file' || (c % 5000) || '.exe', 'C:\Share\dir' || (c % 97) || '\file' || (c % 5000) || '.exe', 'file' || (c % 5000) || '.exe /run ' || h2, 'user' || (h2 % 3000)
FROM (SELECT i, h, h2, CASE WHEN planted(i) THEN rnd(i * {seed}) ELSE h2 END AS c FROM (SELECT i, h, rnd(h) AS h2 FROM (SELECT range AS i, rnd(range + 4000003 * {seed}) AS h FROM range({from}, {to}))));
