# SPDX-License-Identifier: MIT
# The IOMMU lets all addresses through: iommu:* has nothing to tell, and has to say so.
sh /lab/nvme-core.sh
pugmark record --ring 16M --mode events -o /out/passthrough.db --probe dma,iommu,nvme,block -- \
	sh -c 'sh /lab/drivers.sh && pugmark doctor --json >/out/doctor.json && sh /lab/workload.sh 0'
echo "passthrough: $?"
