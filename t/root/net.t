#!/bin/sh
# SPDX-License-Identifier: MIT
# Packets of a veth pair in a network namespace of our own: none is lost unseen.
. t/lib.sh
need_root
need unshare ip perl
need_command record sql doctor info
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"net"') in
*usable*) ;;
*) skip_all 'libpcap is not in this build, or packets are not permitted here' ;;
esac
if [ -z "${PUGMARK_TEST_NAMESPACE:-}" ]; then
	unshare -n -m true 2>/dev/null || skip_all 'network namespaces are not permitted'
	cd "$ROOT" || exit 1
	PUGMARK_TEST_NAMESPACE=yes unshare -n -m sh t/root/net.t
	status=$?
	tap_is_done=yes
	exit $status
fi

# both ends in this namespace: what is sent to an address nobody has crosses the pair once
ip link add here type veth peer name there 2>/dev/null || skip_all 'no veth here'
ip link set lo up && ip link set here up && ip link set there up
ip addr add 10.9.0.1/24 dev here
ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev here nud permanent
# send.pl TO N BYTES [INTERFACE]: packets, and another one that is waited for at the interface that
# receives them: when it has come, all have
cat >send.pl <<'END'
use Socket;
my ($to, $n, $bytes, $at) = @ARGV;
if ($at) { # AF_PACKET, ETH_P_ALL; SO_RCVBUFFORCE; SIOCGIFINDEX; struct sockaddr_ll
	my $ifr = pack('a16 x24', $at);
	socket(R, 17, SOCK_RAW, 0x0300) or die;
	setsockopt(R, SOL_SOCKET, 33, pack('i', 64 << 20)) or die;
	ioctl(R, 0x8933, $ifr) or die;
	bind(R, pack('S n I S C C a8', 17, 3, unpack('x16 I', $ifr), 0, 0, 0, '')) or die;
}
socket(my $s, PF_INET, SOCK_DGRAM, 0) or die;
my $a = sockaddr_in(9999, inet_aton($to));
my $data = 'x' x $bytes;
for (1 .. $n) { 1 until send($s, $data, 0, $a) }
if ($at) {
	1 until send($s, 'the last one', 0, $a);
	while (defined(my $from = recv(R, my $p, 2000, 0))) {
		last if $p =~ /the last one$/ && (unpack('S n I S C', $from))[4] != 4; # PACKET_OUTGOING
	}
}
END

. "$ROOT/t/root/recording.sh"
# value COLUMN FILE: of the account of packets
value() {
	pugmark info --json "$2" | grep '"source":"packets"' | json_numbers "$1"
}
net_recorded() {
	name=$1
	shift
	pugmark record -q -o "$name.db" --probe net "$@" >/dev/null 2>err.txt
}

# a ring that holds them all, however late the recorder looks
net_recorded veth --set net.interface=here --set net.buffer=64M -- perl send.pl 10.9.0.2 20000 500
is 'the recording ends well' "$?" 0
is 'every packet is a row' "$(pugmark sql -n veth.db 'SELECT count(*) FROM pkt WHERE proto = 17 AND bytes = 542')" 20000
is 'it was sent' "$(pugmark sql -n veth.db "SELECT DISTINCT dir FROM pkt WHERE proto = 17 AND bytes = 542")" to-device
is 'kernel counts = rows' "$(value seen veth.db)" "$(value stored veth.db)"
is 'losses are exact' "$(pugmark sql -n veth.db "SELECT v FROM meta WHERE k = 'net_loss'")" exact
is 'only headers were looked at' "$(pugmark sql -n veth.db 'SELECT max(captured_bytes) <= 128 FROM pkt')" 1
is 'times are those of the recording, in order' \
	"$(pugmark sql -n veth.db "SELECT sum(ts_ns > (SELECT end_ns FROM session)) FROM pkt")" 0
# where the kernel itself is late with a block, its rows are
ok 'hardly a row came late' test "$(pugmark sql -n veth.db "SELECT v FROM meta WHERE k = 'record_late_rows'")" -lt 10000

net_recorded peer --set net.interface=there -- perl send.pl 10.9.0.2 100 500 there
is 'the other end receives them' \
	"$(pugmark sql -n peer.db "SELECT dir, count(*) FROM pkt WHERE proto = 17 AND bytes = 542" | tr -s '\t ' ' ')" 'from-device 100'

is 'and all that came is told' "$(value unaccounted peer.db)" 0

net_recorded ring --set net.interface=there --set net.rx_ring=64 -- perl send.pl 10.9.0.2 100 500 there
is 'with a ring to infer places from, each received packet has one' \
	"$(ask ring.db "count(*) FROM dma WHERE bytes = 542 AND op = 'access' AND dir = 'from-device'")" 100
is 'one of the ring, in turn' "$(ask ring.db "count(DISTINCT pfn * 4096 + offset_bytes) FROM dma WHERE pfn < 32 AND offset_bytes % 2048 = 0")" 64
is 'as a device address' "$(ask ring.db 'DISTINCT "as" FROM dma')" iova
like 'that is said to be inferred' "$(ask ring.db "coverage FROM source WHERE source_id = (SELECT DISTINCT source FROM dma)")" '^inferred.*not memory'
net_recorded sent --set net.interface=here --set net.rx_ring=64 -- perl send.pl 10.9.0.2 100 500
is 'sent ones have none' "$(ask sent.db "count(*) FROM dma WHERE bytes = 542")" 0

# a small ring under a flood, while the recorder is held: the identity still closes
net_recorded small --set net.interface=here --set net.buffer=64K -- \
	sh -c 'kill -STOP $PPID; perl send.pl 10.9.0.2 20000 500; kill -CONT $PPID'
diag "small ring: seen $(value seen small.db) stored $(value stored small.db) lost $(value ring_lost small.db)"
ok 'a small ring loses packets' test "$(value ring_lost small.db)" -gt 0
is 'kernel counts = rows + lost' "$(value seen small.db)" \
	$(($(value stored small.db) + $(value ring_lost small.db)))
is 'nothing is unaccounted for' "$(value unaccounted small.db)" 0
like 'losses have rows' "$(pugmark info --json small.db)" '"cause":"ring"'

net_recorded lo --set net.interface=lo -- perl send.pl 127.0.0.1 1000 500 lo
is 'on the loopback each packet is a row once' \
	"$(pugmark sql -n lo.db 'SELECT count(*) FROM pkt WHERE proto = 17 AND bytes = 542')" 1000
is 'and the loss a bound' "$(pugmark sql -n lo.db "SELECT v FROM meta WHERE k = 'net_loss'")" bound

net_recorded any -- perl send.pl 10.9.0.2 100 500
like 'any interface is a device each' "$(pugmark sql -n any.db 'SELECT bdf FROM device' | tr '\n' ' ')" 'here'
net_recorded nope --set net.interface=nosuch0 -- true
is 'an interface that is not there is refused' "$?" 64
like 'by its name' "$(cat err.txt)" 'nosuch0'
is 'and leaves no file' "$(ls nope.db 2>/dev/null)" ''
done_testing
