# SPDX-License-Identifier: MIT
# Compares figures of the works with the rows that they claim: a picture has one note a row, how far ours is off.
# Prints what differs.
#
#	perl t/paper-figures.pl PAPER.json DIR
use strict;
use warnings;
use JSON::PP;

my ($json, $dir) = @ARGV;
open my $f, '<', $json or die "$json: $!\n";
my %claimed;
for my $r (@{ decode_json(join '', <$f>)->{rows} }) {
	next unless defined $r->{figure};
	my $tenths = int((abs($r->{error_ppm} // 0) + 500) / 1000);
	my $sign = !$tenths ? '' : $r->{error_ppm} > 0 ? '+' : '-';
	my $note = !defined $r->{ours} ? 'no ours'
		: defined $r->{published_most} && !$r->{error_ppm} ? 'inside'
		: sprintf '%s%d.%d %%', $sign, $tenths / 10, $tenths % 10;
	push @{ $claimed{ $r->{figure} } }, $note;
}
for my $figure (sort keys %claimed) {
	open my $p, '<', "$dir/$figure.svg" or die "$dir/$figure.svg: $!\n";
	my $svg = join '', <$p>;
	my @notes = grep { /^(?:[-+]?[0-9]+\.[0-9] %|inside|no ours)$/ } $svg =~ m{<text[^>]*>([^<]*)</text>}g;
	my ($drawn, $wanted) = map { join ', ', sort @$_ } \@notes, $claimed{$figure};
	print "$figure: drawn $drawn; claimed $wanted\n" if $drawn ne $wanted;
}
