-- SPDX-License-Identifier: MIT
-- Published figures, and ours
-- about: Of the works that the models follow. Only predicted figures say how good a model is: a calibrated one was fitted. Identity: ours is counted; arithmetic: ours follows from other published or calibrated figures.
-- column: error_change_ppm error
-- fold: yes
WITH r AS (SELECT config_get(canon, 'work') AS work, config_get(canon, 'quantity') AS quantity,
  config_get(canon, 'kind') AS kind, coalesce(config_get(canon, 'unit'), '') AS unit,
  max(value) FILTER (WHERE metric = 'published') AS least, max(value) FILTER (WHERE metric = 'published_most') AS most,
  max(value) FILTER (WHERE metric = 'ours') AS ours, max(value) FILTER (WHERE metric = 'error_ppm') AS error
 FROM cfg JOIN result USING (cfg_hash) WHERE command = 'paper' GROUP BY cfg_hash),
-- a number and what stands behind it
u(unit, behind) AS (VALUES ('ppm', ' %'), ('ns', ' ns'), ('bytes', ' bytes'), ('requests/s', '/s'), ('1/day', ' a day'), ('', ''))
SELECT work, quantity, kind, iif(unit = 'ppm', printf('%.2f', least / 1e4), printf('%,d', least))
  || iif(most IS NULL, '', ' to ' || iif(unit = 'ppm', printf('%.2f', most / 1e4), printf('%,d', most))) || behind AS published,
 iif(ours IS NULL, NULL, iif(unit = 'ppm', printf('%.2f', ours / 1e4), printf('%,d', ours)) || behind) AS ours,
 error AS error_change_ppm
FROM r JOIN u USING (unit) ORDER BY CASE work WHEN 'VPRI' THEN 1 WHEN 'TPT' THEN 2 WHEN 'MDev-NVMe' THEN 3 WHEN 'IOCore' THEN 4
 WHEN 'vMitosis' THEN 5 ELSE 6 END, work, quantity
