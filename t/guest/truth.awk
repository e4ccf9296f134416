# SPDX-License-Identifier: MIT
# What the devices of the guest lab did, out of QEMU's log: into DIR/access.tsv a line for each page
# that a device came to (line of the log, host us, device, page, direction or "unknown", bytes or
# 4096, line of its command), into DIR/command.tsv a line for each command of the drive (line, host
# us, queue, cid, which use of the two, LBA, bytes), into DIR/start.txt the line where the last
# driver enabled the drive: what came before was firmware.
function number(text, n, i) {
	text = tolower(text)
	sub(/^0x/, "", text)
	n = 0
	for (i = 1; i <= length(text); i++)
		n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return n
}
function access(dev, page, dir, bytes, command, at_us) {
	printf "%d\t%.0f\t%s\t%.0f\t%s\t%d\t%d\n", NR, at_us, dev, page, dir, bytes, command > (DIR "/access.tsv")
}
# the pages of a buffer wait for their translation
function expect(dev, address, bytes, dir, command, room) {
	while (bytes > 0) {
		room = 4096 - address % 4096
		if (room > bytes)
			room = bytes
		page = int(address / 4096)
		waits[dev, page] = dir "\t" room "\t" command "\t" sprintf("%.0f", us)
		pages[dev, command] = pages[dev, command] " " page
		address += room
		bytes -= room
	}
}
# what was never translated was physical
function complete(dev, command, n, i, list, f) {
	n = split(pages[dev, command], list, " ")
	for (i = 1; i <= n; i++)
		if ((dev, list[i]) in waits) {
			split(waits[dev, list[i]], f, "\t")
			if (f[3] == command) {
				access(dev, list[i], f[1], f[2], f[3], f[4])
				delete waits[dev, list[i]]
			}
		}
	delete pages[dev, command]
}
function put_command() {
	if (command)
		printf "%d\t%.0f\t%d\t%d\t%d\t%.0f\t%d\n", command, command_us, queue, cid, ++uses[queue, cid],
			lba, command_bytes > (DIR "/command.tsv")
}
{
	# PID@SECONDS.MICROSECONDS:EVENT
	split($1, head, /[@:]/)
	us = head[2] * 1000000
	event = head[3]
}
event == "pci_nvme_mmio_start_success" {
	put_command()
	command = 0
	delete uses
	start = NR
}
event == "pci_nvme_io_cmd" || event == "pci_nvme_admin_cmd" {
	put_command()
	command = NR
	command_us = us
	cid = $3
	queue = event == "pci_nvme_io_cmd" ? $7 : $5
	opcode = number(event == "pci_nvme_io_cmd" ? $9 : $7)
	dir = opcode % 4 == 1 ? "to-device" : opcode % 4 == 2 ? "from-device" : "unknown"
	lba = 0
	command_bytes = 0
	running[queue, cid] = command
}
event == "pci_nvme_read" || event == "pci_nvme_write" {
	lba = number($NF)
}
event == "pci_nvme_map_addr" {
	expect("nvme", number($3), $5, dir, command)
	command_bytes += $5
}
event == "pci_nvme_enqueue_req_completion" {
	complete("nvme", running[$5, $3])
}
event == "e1000e_rx_desc_buff_write" {
	complete("nic", received)
	received = NR
	address = $5
	sub(/,$/, "", address)
	expect("nic", number(address), $NF, "from-device", received)
}
event == "vtd_dmar_translate" && ($3 == "00:05.00" || $3 == "00:06.00") {
	dev = $3 == "00:05.00" ? "nic" : "nvme"
	page = int(number($5) / 4096)
	if ((dev, page) in waits) {
		split(waits[dev, page], f, "\t")
		access(dev, int(number($8) / 4096), f[1], f[2], f[3], us)
		delete waits[dev, page]
	} else {
		access(dev, int(number($8) / 4096), "unknown", 4096, 0, us)
	}
}
END { put_command(); complete("nic", received); print start + 0 > (DIR "/start.txt") }
