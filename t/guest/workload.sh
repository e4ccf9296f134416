# SPDX-License-Identifier: MIT
# Direct reads and writes, buffered ones with little memory, network receive. The first 1,024 blocks
# are for marks: a read of one of them is found in the device's log.
first=$1
guest-io /dev/nvme0n1 mark "$first"
guest-io /dev/nvme0n1 read 262144 131072 3000 4 "$first"
guest-io /dev/nvme0n1 write 262144 131072 300 4 "$first"
mkdir -p /full
mount -t tmpfs -o size=280M full /full
dd if=/dev/zero of=/full/zeros bs=1M count=280 2>/dev/null
dd if=/dev/nvme0n1 of=/dev/null bs=64k skip=16 count=1792 2>/dev/null
dd if=/dev/zero of=/dev/nvme0n1 bs=64k seek=16 count=256 conv=notrunc 2>/dev/null
sync
rm /full/zeros
tries=0
until [ "$(nc 10.0.2.100 9 </dev/null | wc -c)" = 8388608 ]; do
	tries=$((tries + 1))
	[ $tries -lt 60 ] || exit 1
	sleep 0.5
done
guest-io /dev/nvme0n1 mark $((first + 8))
