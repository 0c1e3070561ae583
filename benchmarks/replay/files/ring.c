/* A ring buffer of bytes between one writer and one reader. */

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct ring {
    unsigned char *data;
    size_t capacity;
    size_t start;
    size_t length;
};

bool ring_init(struct ring *ring, size_t capacity)
{
    ring->data = malloc(capacity);
    ring->capacity = ring->data != NULL ? capacity : 0;
    ring->start = 0;
    ring->length = 0;
    return ring->data != NULL;
}

void ring_free(struct ring *ring)
{
    free(ring->data);
    memset(ring, 0, sizeof *ring);
}

static size_t smaller(size_t first, size_t second)
{
    return first < second ? first : second;
}

/* Copies as much of the source as there is room for and returns how much that is. */
size_t ring_write(struct ring *ring, const void *source, size_t count)
{
    const unsigned char *bytes = source;
    size_t room = ring->capacity - ring->length;
    size_t written = smaller(count, room);
    size_t end = (ring->start + ring->length) % ring->capacity;
    size_t first = smaller(written, ring->capacity - end);

    memcpy(ring->data + end, bytes, first);
    memcpy(ring->data, bytes + first, written - first);
    ring->length += written;
    return written;
}

/* Drops the oldest bytes to make room and returns how many had to go. */
size_t ring_make_room(struct ring *ring, size_t count)
{
    size_t room = ring->capacity - ring->length;
    size_t dropped = count > room ? smaller(count - room, ring->length) : 0;

    ring->start = (ring->start + dropped) % ring->capacity;
    ring->length -= dropped;
    return dropped;
}

size_t ring_read(struct ring *ring, void *target, size_t count)
{
    unsigned char *bytes = target;
    size_t taken = smaller(count, ring->length);
    size_t first = smaller(taken, ring->capacity - ring->start);

    memcpy(bytes, ring->data + ring->start, first);
    memcpy(bytes + first, ring->data, taken - first);
    ring->start = (ring->start + taken) % ring->capacity;
    ring->length -= taken;
    return taken;
}
