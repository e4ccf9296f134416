-- SPDX-License-Identifier: MIT
-- Moving to another node
-- about: Throughput while a program or its whole VM moves (numa replay --move), over that before the move. RRI: page tables stay behind; then E, G, M: tables of the host, of the guest, both follow; RI, RIE: the whole VM moves.
-- panel: 2
-- series: 1
-- column: name design
-- column: throughput_ppm throughput
-- fold: yes
WITH c AS MATERIALIZED (SELECT cfg_hash, run_id, trace, config_get(canon, 'design') AS name, config_get(canon, 'timeline') AS timeline
 FROM cfg WHERE command = 'numa' AND config_get(canon, 'timeline') IS NOT NULL)
SELECT trace, name, timeline, bucket AS sample, value AS throughput_ppm
FROM c JOIN result USING (cfg_hash) WHERE metric = 'throughput_ppm' ORDER BY trace, run_id, name, timeline, bucket
