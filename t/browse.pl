# SPDX-License-Identifier: MIT
# Reads a page in headless Chromium, as a person with a screen, a phone or a dark room would, and
# prints what it found as `name value` lines. Speaks WebDriver to chromedriver; core modules only.
#
#   perl t/browse.pl FILE [PICTURES]	pictures of what was seen go into that folder
use strict;
use warnings;
use Cwd 'abs_path';
use HTTP::Tiny;
use JSON::PP;
use MIME::Base64;

my ($file, $pictures) = @ARGV;
my $url = 'file://' . abs_path($file);
my $json = JSON::PP->new->utf8->canonical;
my $http = HTTP::Tiny->new(timeout => 120);
my ($driver, $base, $session);

sub finish {
	$http->delete("$base/session/$session") if $session;
	kill 'TERM', $driver if $driver;
	waitpid $driver, 0 if $driver;
	undef $driver;
}
END { local $?; finish() }

# A port of its own choice, told on standard output; in a group of its own for what it starts.
sub start_driver {
	pipe(my $from, my $to) or die "pipe: $!";
	$driver = fork // die "fork: $!";
	if (!$driver) {
		open STDOUT, '>&', $to;
		open STDERR, '>', '/dev/null';
		exec 'chromedriver', '--port=0' or die "chromedriver: $!";
	}
	close $to;
	while (my $line = <$from>) {
		next unless $line =~ /started successfully on port (\d+)/;
		$base = "http://127.0.0.1:$1";
		return $from;
	}
	die "chromedriver did not start\n";
}

sub call {
	my ($method, $path, $data) = @_;
	my $r = $http->request($method, "$base$path",
		{ headers => { 'content-type' => 'application/json' }, content => $data ? $json->encode($data) : '' });
	die "$path: $r->{status} " . substr($r->{content}, 0, 400) . "\n" unless $r->{success};
	return $json->decode($r->{content})->{value};
}
sub post { my ($path, $data) = @_; return call('POST', "/session/$session$path", $data) }
sub ask { return post('/execute/sync', { script => "return $_[0]", args => [] }) }
sub devtools { my ($cmd, %params) = @_; return post('/goog/cdp/execute', { cmd => $cmd, params => \%params }) }
sub report { my ($name, $value) = @_; print "$name ", $value // 'null', "\n" }

sub open_browser {
	my (%more) = @_;
	my $args = [qw(--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars)];
	my $options = { args => [@$args, '--window-size=1280,900'], binary => $ENV{CHROMIUM} // '/usr/bin/chromium', %more };
	my $v = call('POST', '/session', { capabilities => { alwaysMatch => { browserName => 'chrome',
		'goog:chromeOptions' => $options,
		'goog:loggingPrefs' => { browser => 'ALL', performance => 'ALL' } } } });
	$session = $v->{sessionId};
}

sub close_browser { call('DELETE', "/session/$session"); undef $session }

sub width { devtools('Emulation.setDeviceMetricsOverride', width => $_[0], height => $_[1], deviceScaleFactor => 1, mobile => $_[2]) }
sub theme { devtools('Emulation.setEmulatedMedia', features => [{ name => 'prefers-color-scheme', value => $_[0] }]) }

sub picture {
	my ($name) = @_;
	return unless $pictures;
	my $v = devtools('Page.captureScreenshot', captureBeyondViewport => JSON::PP::true);
	open my $f, '>:raw', "$pictures/$name.png" or die "$name: $!";
	print $f decode_base64($v->{data});
	close $f;
}

# by how many pixels the page is wider than its window
my $overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

start_driver();
open_browser();
width(1280, 900, JSON::PP::false);
post('/url', { url => $url });
report 'title', ask('document.title');
report 'figures', ask('document.querySelectorAll("figure svg[role=img]").length');
report 'figures_drawn', ask('[...document.querySelectorAll("figure svg[role=img]")].filter(s => {
	const b = s.getBoundingClientRect();
	const p = [...s.querySelectorAll("path")].map(x => getComputedStyle(x).stroke);
	return b.width > 200 && b.height > 100 && new Set(p).size >= 2 && p.every(c => /^(rgb|none|color)/.test(c)); }).length');
report 'figures_named', ask('[...document.querySelectorAll("figure svg[role=img]")].filter(s =>
	document.getElementById(s.getAttribute("aria-labelledby"))?.textContent.length > 5).length');
report 'captions', ask('document.querySelectorAll("figcaption").length');
report 'tables', ask('document.querySelectorAll("table").length');
report 'scripts', ask('document.scripts.length');
report 'foreign', ask('document.querySelectorAll("img, iframe, object, embed, video, audio, link[rel=stylesheet]").length');
report 'warnings', ask('document.querySelectorAll("aside[role=note] li").length');
report 'overflow_1280', ask($overflow);
# an accessible name and role, as the browser computes them for a screen reader (which skips what is folded)
ask('document.querySelectorAll("details").forEach(d => { d.open = true })');
my $nameless = 0;
for my $e (@{ post('/elements', { using => 'css selector', value => 'figure svg, table, [role=region], nav, button' }) }) {
	my ($id) = values %$e;
	my $role = call('GET', "/session/$session/element/$id/computedrole");
	my $name = call('GET', "/session/$session/element/$id/computedlabel");
	$nameless++ if $role eq 'generic' || !length $name;
}
report 'nameless', $nameless;
ask('document.querySelectorAll("details").forEach(d => { d.open = false })');
report 'headings', ask('[...document.querySelectorAll("h1, h2, h3")].map(h => +h.tagName[1]).every((l, i, a) => !i ? l == 1 : l <= a[i - 1] + 1)') ? 'in order' : 'out of order';
# sorting by a column of numbers, twice
my $sort = 'const t = [...document.querySelectorAll("table")].find(t => t.tHead.querySelector("th.n") && t.tBodies[0].rows.length > 3);
	const h = t.tHead.querySelector("th.n"), i = h.cellIndex, click = () => h.querySelector("button")?.click();
	const column = () => [...t.tBodies[0].rows].map(r => r.cells[i].dataset.v).filter(v => v !== "").map(Number);
	const isUp = v => v.every((x, k) => !k || v[k - 1] <= x);
	click(); const up = isUp(column()), a = h.ariaSort; click(); const down = isUp(column().reverse());';
report 'sorted', post('/execute/sync', { script => "$sort return [up, a, down, h.ariaSort].join(' ')", args => [] });
my $paper = 'getComputedStyle(document.body).backgroundColor';
my %colour;
for my $theme (qw(light dark)) {
	theme($theme);
	$colour{$theme} = ask($paper) . ask('getComputedStyle(document.querySelector("figure text")).fill');
	picture($theme);
}
report 'themes', $colour{light} ne $colour{dark} ? 'differ' : 'are the same';
my $pdf = devtools('Page.printToPDF');
report 'printed', length($pdf->{data}) > 20000 ? 'yes' : 'no';
if ($pictures) {
	open my $f, '>:raw', "$pictures/print.pdf" or die $!;
	print $f decode_base64($pdf->{data});
}
theme('light');
width(390, 844, JSON::PP::true);
post('/url', { url => $url });
report 'overflow_390', ask($overflow);
report 'figures_390', ask('[...document.querySelectorAll("figure")].filter(f => f.getBoundingClientRect().right <= document.documentElement.clientWidth + 1).length');
picture('phone');
my @log = @{ post('/se/log', { type => 'browser' }) };
report 'console', scalar @log;
print "# console: $_->{message}\n" for @log;
my %fetched;
for (@{ post('/se/log', { type => 'performance' }) }) {
	my $m = $json->decode($_->{message})->{message};
	next unless $m->{method} eq 'Network.requestWillBeSent';
	my $to = $m->{params}{request}{url};
	$fetched{$to}++ unless $to eq $url || $to =~ /^(data:|about:)/;
}
report 'fetched', scalar keys %fetched;
print "# fetched: $_\n" for sort keys %fetched;
close_browser();
