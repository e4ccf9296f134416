-- SPDX-License-Identifier: MIT
-- The host of these VMs
-- about: All VMs together at the shares above. Apart is the sum of what each would give alone: the VMs' own limits cannot give more. The swap device's peak is the work that came in its busiest second, as a share of what it can do in one.
-- column: holds fits
-- column: vm_bytes VMs' memory
-- column: pool_bytes host has
-- column: needed_bytes replayed with
-- column: alone_returned_bytes apart
-- column: returned_bytes comes back
-- column: iopf_max_1s worst 1 s of all
-- column: swap_busy_ppm swap busy
-- column: swap_peak_ppm peak
-- column: swap_wait_max_ns longest wait
WITH c AS MATERIALIZED (SELECT cfg_hash, key, run_id, canon FROM cfg
 WHERE command = 'score-pool' AND config_get(canon, 'vm') IS NULL)
SELECT config_get(canon, 'design') AS design, config_get(canon, 'slo') AS slo,
 iif(max(value) FILTER (WHERE metric = 'holds'), 'yes', 'no') AS holds,
 max(value) FILTER (WHERE metric = 'vm_bytes') AS vm_bytes,
 max(value) FILTER (WHERE metric = 'pool_bytes') AS pool_bytes,
 max(value) FILTER (WHERE metric = 'needed_bytes') AS needed_bytes,
 max(value) FILTER (WHERE metric = 'alone_returned_bytes') AS alone_returned_bytes,
 max(value) FILTER (WHERE metric = 'returned_bytes') AS returned_bytes,
 max(value) FILTER (WHERE metric = 'iopf_max_1s') AS iopf_max_1s,
 max(value) FILTER (WHERE metric = 'swap_busy_ppm') AS swap_busy_ppm,
 max(value) FILTER (WHERE metric = 'swap_peak_ppm') AS swap_peak_ppm,
 max(value) FILTER (WHERE metric = 'swap_wait_max_ns') AS swap_wait_max_ns
FROM c JOIN result USING (cfg_hash) GROUP BY key ORDER BY returned_bytes DESC, min(run_id)
