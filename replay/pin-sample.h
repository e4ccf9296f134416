// SPDX-License-Identifier: MIT
/* Results of a part of the pages, made those of all. Private to the replay. */
#ifndef PUGMARK_REPLAY_PIN_SAMPLE_H
#define PUGMARK_REPLAY_PIN_SAMPLE_H

#include "replay/pin-cell.h"

/* n of a whole by ppm, rounded to the nearest. */
uint64_t pin_sample_part(uint64_t n, uint64_t kept_ppm);

/* Counts of kept_ppm of a VM's pages to those of all vm_pages; sums stay sums. */
void pin_sample_scale(struct pin_result *r, uint64_t kept_ppm, uint64_t vm_pages);

/* The host's steps in pages, smaller with its memory: batches, readahead, rates. */
void pin_sample_host(struct hostmem_config *c, uint64_t kept_ppm);

#endif
