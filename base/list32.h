// SPDX-License-Identifier: MIT
/*
 * Doubly linked lists over 32-bit indices: one array of 8-byte nodes carries
 * any number of lists, so that a page is linked without a pointer and without
 * an allocation. A list is a circle through its head, and a head is a node of
 * the same array (usually behind the members: index npages + k); hence no
 * operation branches on an end.
 *
 * A member may be on one list at a time. Whether it is on one, and on which,
 * is the owner's knowledge (a tag byte beside it); nothing is checked here.
 * The array is the caller's, 8 bytes a node.
 */
#ifndef PUGMARK_BASE_LIST32_H
#define PUGMARK_BASE_LIST32_H

#include <stdbool.h>
#include <stdint.h>

struct list32_node {
	uint32_t prev, next;
};

/* Makes an empty list of the node head. */
static inline void list32_init(struct list32_node *nodes, uint32_t head)
{
	nodes[head] = (struct list32_node){ .prev = head, .next = head };
}

static inline bool list32_is_empty(const struct list32_node *nodes, uint32_t head)
{
	return nodes[head].next == head;
}

/* True when the list has exactly one member. */
static inline bool list32_is_single(const struct list32_node *nodes, uint32_t head)
{
	return nodes[head].next == nodes[head].prev && nodes[head].next != head;
}

/* First and last member; the head itself when the list is empty. */
static inline uint32_t list32_front(const struct list32_node *nodes, uint32_t head)
{
	return nodes[head].next;
}

static inline uint32_t list32_back(const struct list32_node *nodes, uint32_t head)
{
	return nodes[head].prev;
}

/* Links i, which is on no list, behind the member or head `at`. */
static inline void list32_insert_after(struct list32_node *nodes, uint32_t at, uint32_t i)
{
	const uint32_t next = nodes[at].next;
	nodes[i] = (struct list32_node){ .prev = at, .next = next };
	nodes[at].next = i;
	nodes[next].prev = i;
}

static inline void list32_push_front(struct list32_node *nodes, uint32_t head, uint32_t i)
{
	list32_insert_after(nodes, head, i);
}

static inline void list32_push_back(struct list32_node *nodes, uint32_t head, uint32_t i)
{
	list32_insert_after(nodes, nodes[head].prev, i);
}

/* Takes i off its list; its own links keep their stale values. */
static inline void list32_remove(struct list32_node *nodes, uint32_t i)
{
	const struct list32_node n = nodes[i];
	nodes[n.prev].next = n.next;
	nodes[n.next].prev = n.prev;
}

/* Front to back; i may not be removed inside. */
#define LIST32_EACH(i, nodes, head) \
	for (uint32_t i = (nodes)[head].next; i != (head); i = (nodes)[i].next)

#endif
