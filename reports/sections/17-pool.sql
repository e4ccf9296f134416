-- SPDX-License-Identifier: MIT
-- VMs of one host: memory that they give back safely
-- about: Each VM at the largest share of its memory that the host may take while all VMs, replayed together on one clock under the host's memory and on its swap device, meet the SLO. A point is what the VM would give alone. Ranked by what comes back.
-- panel: 1
-- series: 1
-- column: pool host, design and SLO
-- column: vm VM
-- column: returned_bytes comes back
-- column: never_touched_bytes never touched
-- column: cold_bytes cold
-- column: forced_bytes forced
-- column: alone_bytes alone
-- column: joint_ppm share taken
-- column: safe_ppm alone
-- column: vm_bytes memory
-- column: iopf IOPF
-- column: iopf_max_1s worst 1 s
-- column: cpu_major CPU major faults
-- column: pinned_mean_ppm pinned
WITH c AS MATERIALIZED (SELECT cfg_hash, key, run_id, config_get(canon, 'vm') AS vm,
  CAST(config_get(canon, 'pool_pages') AS INTEGER) * 4096 AS pool_bytes, config_get(canon, 'design') AS design,
  config_get(canon, 'slo') AS slo, config_get(canon, 'vms') AS vms
 FROM cfg WHERE command = 'score-pool'),
m AS (SELECT min(run_id) AS run_id, vm, design, vms, slo, pool_bytes,
  max(value) FILTER (WHERE metric = 'returned_bytes') AS returned_bytes,
  max(value) FILTER (WHERE metric = 'never_touched_bytes') AS never_touched_bytes,
  max(value) FILTER (WHERE metric = 'cold_bytes') AS cold_bytes,
  max(value) FILTER (WHERE metric = 'forced_bytes') AS forced_bytes,
  max(value) FILTER (WHERE metric = 'alone_returned_bytes') AS alone_bytes,
  max(value) FILTER (WHERE metric = 'joint_ppm') AS joint_ppm,
  max(value) FILTER (WHERE metric = 'safe_ppm') AS safe_ppm,
  max(value) FILTER (WHERE metric = 'vm_bytes') AS vm_bytes,
  max(value) FILTER (WHERE metric = 'iopf') AS iopf,
  max(value) FILTER (WHERE metric = 'iopf_max_1s') AS iopf_max_1s,
  max(value) FILTER (WHERE metric = 'cpu_major') AS cpu_major,
  max(value) FILTER (WHERE metric = 'pinned_mean_ppm') AS pinned_mean_ppm
 FROM c JOIN result USING (cfg_hash) WHERE vm IS NOT NULL GROUP BY key)
SELECT printf('%.4g GiB, %s, %s', pool_bytes / 1073741824.0, design, slo) ||
  iif((SELECT count(DISTINCT vms) FROM m) > 1, ', VMs ' || substr(vms, 1, 8), '') AS pool, vm, returned_bytes,
 never_touched_bytes, cold_bytes, forced_bytes, alone_bytes, joint_ppm, safe_ppm, vm_bytes, iopf, iopf_max_1s,
 cpu_major, pinned_mean_ppm
FROM m ORDER BY sum(returned_bytes) OVER (PARTITION BY vms, slo, pool_bytes, design) DESC, pool, returned_bytes DESC,
 alone_bytes DESC, vm
