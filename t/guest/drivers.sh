# SPDX-License-Identifier: MIT
# Loads the drivers of the devices under test, and waits until both are there.
for driver in nvme e1000e; do
	while read -r file; do
		insmod "/modules/$file" 2>/dev/null # some are there already
	done <"/modules/$driver.list"
done
until [ -b /dev/nvme0n1 ]; do sleep 0.1; done
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
