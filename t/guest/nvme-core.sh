# SPDX-License-Identifier: MIT
# What the NVMe driver rests on: the tracepoints nvme:* come with it, the drive's mappings do not.
while read -r file; do
	[ "$file" = nvme.ko ] || insmod "/modules/$file" 2>/dev/null
done </modules/nvme.list
