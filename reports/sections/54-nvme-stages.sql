-- SPDX-License-Identifier: MIT
-- NVMe: where the time goes
-- about: Mean time of a request by stage; the stages sum up to its latency. Guest: block layer and driver, both ways. To the host: doorbell and waiting to be picked up. Host: worker, translation, emulation. Wait: for the device. Way back: until the guest sees the completion. Stages that nobody spends time in are left out.
-- panel: 3
-- series: 1
-- column: name path or design
-- column: to_host_ns to the host
-- column: iopf_ns IOPF
-- column: wait_ns wait
-- column: device_ns device
-- column: back_ns way back
-- fold: yes
WITH c AS MATERIALIZED (SELECT cfg_hash, key, run_id, trace, config_get(config.canon, 'nvme-load.arrival') || ' arrivals' AS arrivals,
  config_get(cfg.canon, 'design') AS name,
  config_get(cfg.canon, 'load')
   || iif(config_get(config.canon, 'nvme-load.arrival') = 'trace', '', ', ' || config_get(config.canon, 'nvme-load.blocks')) AS load
 FROM cfg JOIN config USING (cfg_hash) WHERE command = 'nvme' AND config_get(cfg.canon, 'vm') = 'all'),
m AS (SELECT key, trace, arrivals, load, name, min(run_id) AS run_id, sum(value) FILTER (WHERE metric = 'requests') AS requests,
  sum(value) FILTER (WHERE metric IN ('stage.source_ns', 'stage.guest_submit_ns', 'stage.guest_complete_ns')) AS guest,
  sum(value) FILTER (WHERE metric IN ('stage.sq_ns', 'stage.doorbell_ns', 'stage.pickup_ns')) AS to_host,
  sum(value) FILTER (WHERE metric IN ('stage.worker_ns', 'stage.translate_ns', 'stage.emulation_ns')) AS host,
  sum(value) FILTER (WHERE metric = 'stage.iopf_ns') AS iopf,
  sum(value) FILTER (WHERE metric = 'stage.device_wait_ns') AS wait,
  sum(value) FILTER (WHERE metric = 'stage.device_ns') AS device,
  sum(value) FILTER (WHERE metric IN ('stage.link_wait_ns', 'stage.link_ns')) AS link,
  sum(value) FILTER (WHERE metric IN ('stage.reap_wait_ns', 'stage.reap_ns', 'stage.notify_ns')) AS back,
  sum(value) FILTER (WHERE metric = 'latency_sum_ns') AS latency
 FROM c JOIN result USING (cfg_hash) GROUP BY key),
o AS (SELECT trace, arrivals, load, min(run_id) AS first FROM m GROUP BY 1, 2, 3)
SELECT trace, arrivals, load, name, nullif(scaled(guest, 1, requests), 0) AS guest_ns,
 nullif(scaled(to_host, 1, requests), 0) AS to_host_ns, nullif(scaled(host, 1, requests), 0) AS host_ns,
 nullif(scaled(iopf, 1, requests), 0) AS iopf_ns, nullif(scaled(wait, 1, requests), 0) AS wait_ns,
 nullif(scaled(device, 1, requests), 0) AS device_ns, nullif(scaled(link, 1, requests), 0) AS link_ns,
 nullif(scaled(back, 1, requests), 0) AS back_ns, scaled(latency, 1, requests) AS latency_ns
FROM m JOIN o USING (trace, arrivals, load) WHERE guest IS NOT NULL ORDER BY first, run_id, name
