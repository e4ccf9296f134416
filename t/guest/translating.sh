# SPDX-License-Identifier: MIT
# Two recordings: one begins before the drivers load, one when their rings are long mapped.
# Every event: counts of pages, as busy devices get by default, cannot be compared access by access;
# in rings that hold them all, so that none is lost however slow the host.
sh /lab/nvme-core.sh
pugmark record --ring 16M --mode events -o /out/early.db --probe dma,iommu,nvme,block -- \
	sh -c 'sh /lab/drivers.sh && sh /lab/workload.sh 0'
echo "early: $?"
pugmark record --ring 16M --mode events -o /out/late.db --probe dma,iommu,nvme,block -- sh /lab/workload.sh 16
echo "late: $?"
