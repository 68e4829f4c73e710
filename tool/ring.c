// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers in which the kernel writes the events of tracepoints, by
 * perf_event_open(2): one for each processor, shared by all tracepoints.
 *
 * Descriptors of this process hold them, and nothing else does. When the process
 * ends, even by SIGKILL, the kernel switches the tracepoints off and frees the
 * buffers.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dsrctl.h"
#include "report.h"
#include "ring.h"

/* more than there are tracepoints */
#define EVENTS_MAX	4

/**
 * struct ring - the buffer of a processor
 * @cpu: the processor
 * @fd: its events; the buffer hangs from the first
 * @events: number of open descriptors
 * @page: the kernel's page about the buffer, with the buffer behind it
 * @copy: room for an event that begins at the end of the buffer
 */
struct ring {
	int cpu;
	int fd[EVENTS_MAX];
	int events;
	struct perf_event_mmap_page *page;
	uint8_t *copy;
};

/* the record of an event, as perf_event_open() is told to write it */
struct sample {
	struct perf_event_header header;
	uint64_t time;
	uint32_t size;
	uint8_t raw[];
};

static int open_event(int id, int cpu, size_t bytes)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.read_format = PERF_FORMAT_LOST,
		.disabled = 1,
		/* A packet wakes no process; a buffer that fills does. */
		.watermark = 1,
		.wakeup_watermark = bytes / 4,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};

	return syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
		       PERF_FLAG_FD_CLOEXEC);
}

static size_t mapped(const struct rings *rings)
{
	return rings->bytes + sysconf(_SC_PAGESIZE);
}

/**
 * rings_open() - prepare buffers; the tracepoints come next
 * @rings: set; for rings_close() in any case
 * @bytes: the size of each: a power of two, and of pages
 */
void rings_open(struct rings *rings, size_t bytes)
{
	int cpu;

	rings->bytes = bytes;
	rings->count = sysconf(_SC_NPROCESSORS_CONF);
	rings->ring = report_alloc(NULL, rings->count * sizeof(*rings->ring));
	memset(rings->ring, 0, rings->count * sizeof(*rings->ring));
	for (cpu = 0; cpu < rings->count; cpu++)
		rings->ring[cpu].cpu = cpu;
	rings->wait = report_alloc(NULL, (1 + rings->count) *
					 sizeof(*rings->wait));
}

static int open_error(void)
{
	if (errno == EACCES || errno == EPERM)
		return report_error(DSRCTL_REFUSED,
				    "permission denied: to trace packets needs root on the machine, and not only in a container");
	return report_error(DSRCTL_REFUSED,
			    "cannot open a tracepoint by perf_event_open: %s",
			    strerror(errno));
}

/* The first event of a processor has the buffer, the others write there too. */
static int share_buffer(const struct rings *rings, struct ring *ring, int fd)
{
	void *page;

	if (ring->page)
		return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd[0]);
	page = mmap(NULL, mapped(rings), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	if (page == MAP_FAILED)
		return -1;
	ring->page = page;
	ring->copy = report_alloc(NULL, UINT16_MAX + 1);
	return 0;
}

/**
 * rings_add() - have a tracepoint write to the buffers
 * @rings: the buffers
 * @id: of the tracepoint
 * @filter: filter expression of the kernel, or NULL for all events
 *
 * Return: enum dsrctl_status.
 */
int rings_add(struct rings *rings, int id, const char *filter)
{
	struct ring *ring;
	int cpu, fd;

	for (cpu = 0; cpu < rings->count; cpu++) {
		ring = &rings->ring[cpu];
		fd = open_event(id, cpu, rings->bytes);
		if (fd < 0 && errno == ENODEV)
			continue;	/* the processor is off */
		if (fd < 0)
			return open_error();
		ring->fd[ring->events++] = fd;
		if (filter && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter))
			return report_error(DSRCTL_REFUSED,
					    "the kernel takes no filter '%s': %s",
					    filter, strerror(errno));
		if (share_buffer(rings, ring, fd))
			return report_error(DSRCTL_REFUSED,
					    "cannot map a buffer of %zu KiB for a processor: %s",
					    rings->bytes / 1024,
					    strerror(errno));
	}
	return DSRCTL_OK;
}

/**
 * rings_run() - switch the tracepoints on or off
 * @rings: the buffers
 * @on: on
 */
void rings_run(struct rings *rings, bool on)
{
	const unsigned long request = on ? PERF_EVENT_IOC_ENABLE :
					   PERF_EVENT_IOC_DISABLE;
	int cpu, i;

	for (cpu = 0; cpu < rings->count; cpu++)
		for (i = 0; i < rings->ring[cpu].events; i++)
			ioctl(rings->ring[cpu].fd[i], request, 0);
}

/**
 * rings_wait() - wait until a buffer fills, a signal comes or the time is up
 * @rings: the buffers
 * @msecs: the time
 *
 * Return: true while the standard output still has a reader.
 */
bool rings_wait(struct rings *rings, int msecs)
{
	const struct ring *ring = rings->ring;
	int cpu;

	rings->wait[0] = (struct pollfd){ .fd = STDOUT_FILENO };
	for (cpu = 0; cpu < rings->count; cpu++)
		rings->wait[1 + cpu] = (struct pollfd){
			.fd = ring[cpu].events ? ring[cpu].fd[0] : -1,
			.events = POLLIN,
		};
	return poll(rings->wait, 1 + rings->count, msecs) <= 0 ||
	       !(rings->wait[0].revents & (POLLERR | POLLHUP));
}

/* Return the record at an offset in one piece. */
static const struct perf_event_header *event_at(const struct rings *rings,
						const struct ring *ring,
						uint64_t offset)
{
	const uint8_t *buffer = (const uint8_t *)ring->page +
				sysconf(_SC_PAGESIZE);
	size_t at = offset & (rings->bytes - 1);
	const struct perf_event_header *header = (const void *)(buffer + at);
	size_t first = rings->bytes - at;

	if (header->size <= first)
		return header;
	memcpy(ring->copy, buffer + at, first);
	memcpy(ring->copy + first, buffer,
	       ((const struct perf_event_header *)ring->copy)->size - first);
	return (const struct perf_event_header *)ring->copy;
}

static void read_ring(const struct rings *rings, struct ring *ring, ring_fn fn,
		      void *arg)
{
	const struct perf_event_header *header;
	const struct sample *sample;
	uint64_t head, tail;

	head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	tail = ring->page->data_tail;
	while (tail != head) {
		header = event_at(rings, ring, tail);
		sample = (const struct sample *)header;
		if (header->type == PERF_RECORD_SAMPLE &&
		    header->size >= sizeof(*sample) &&
		    sample->size <= header->size - offsetof(struct sample, raw))
			fn(sample->time, sample->raw, sample->size, arg);
		tail += header->size;
	}
	__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
}

/**
 * rings_read() - take all events out of the buffers
 * @rings: the buffers
 * @fn: is handed each event, in the order of time of each processor
 * @arg: for @fn
 */
void rings_read(struct rings *rings, ring_fn fn, void *arg)
{
	int cpu;

	for (cpu = 0; cpu < rings->count; cpu++)
		if (rings->ring[cpu].page)
			read_ring(rings, &rings->ring[cpu], fn, arg);
}

/**
 * rings_lost() - count the events that found no room in a buffer
 * @rings: the buffers
 */
uint64_t rings_lost(struct rings *rings)
{
	struct {
		uint64_t value;
		uint64_t lost;
	} count;
	uint64_t sum = 0;
	int cpu, i;

	for (cpu = 0; cpu < rings->count; cpu++)
		for (i = 0; i < rings->ring[cpu].events; i++)
			if (read(rings->ring[cpu].fd[i], &count,
				 sizeof(count)) == sizeof(count))
				sum += count.lost;
	return sum;
}

/**
 * rings_close() - give the buffers back; the tracepoints are off then
 * @rings: from rings_open()
 */
void rings_close(struct rings *rings)
{
	struct ring *ring;
	int cpu;

	for (cpu = 0; cpu < rings->count; cpu++) {
		ring = &rings->ring[cpu];
		if (ring->page)
			munmap(ring->page, mapped(rings));
		free(ring->copy);
		while (ring->events)
			close(ring->fd[--ring->events]);
	}
	free(rings->ring);
	free(rings->wait);
}
