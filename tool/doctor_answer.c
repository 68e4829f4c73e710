// SPDX-License-Identifier: GPL-2.0
/*
 * The backends that get requests: whether one of their clients has had an answer.
 * A client that repeats its first packet has had none. Of UDP, the answers that pass
 * this machine are compared with those of the other backends.
 */
#include <linux/dsr.h>
#include <netinet/in.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"
#include "inquiry.h"

/* bounds of what is looked at */
#define CONNECTIONS_MAX	300
#define QUESTIONS_MAX	1000
#define SERVERS_MAX	64
#define MARKS_MAX	32

/* as many connections have to fail, or to be repeated, to blame a backend */
#define FAILED_MIN	3
#define REPEATED_MIN	2

/* as many clients of UDP have to wait in vain, each for so long, while a client of
 * another backend is answered
 */
#define UNANSWERED_MIN	4
#define UNANSWERED_MSECS	1000

/**
 * struct answers - what has come of the connections of a backend
 * @service: name of the service
 * @addr: the backend
 * @vip: of UDP, the address that its clients ask; else of family 0
 * @port: of UDP, the port
 * @good: connections whose clients have gone on, or have been answered
 * @failed: those of which nothing but the first packet has come
 * @repeated: of these, those whose first packet came again
 */
struct answers {
	char service[KEY_TEXT_MAX];
	struct addr addr;
	struct addr vip;
	uint16_t port;
	unsigned int good;
	unsigned int failed;
	unsigned int repeated;
};

static bool is_of(const struct answers *answers, const struct seen *seen)
{
	if (seen->proto != IPPROTO_UDP)
		return !answers->vip.family;
	return answers->port == seen->dport &&
	       addr_same(&answers->vip, &seen->dst);
}

static struct answers *find(struct answers *answers, size_t *count,
			    const struct inquiry *inquiry,
			    const struct seen *seen)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (!strcmp(answers[i].service, inquiry->service) &&
		    addr_same(&answers[i].addr, &inquiry->backend) &&
		    is_of(&answers[i], seen))
			return &answers[i];
	if (*count == SERVERS_MAX)
		return NULL;
	memset(&answers[i], 0, sizeof(answers[i]));
	strcpy(answers[i].service, inquiry->service);
	answers[i].addr = inquiry->backend;
	if (seen->proto == IPPROTO_UDP) {
		answers[i].vip = seen->dst;
		answers[i].port = seen->dport;
	}
	(*count)++;
	return &answers[i];
}

static void judge(struct doctor *doctor, const struct answers *answers)
{
	struct findings *findings = &doctor->findings;
	char name[INET6_ADDRSTRLEN];

	if (answers->good || answers->failed < FAILED_MIN ||
	    answers->repeated < REPEATED_MIN || !*answers->service ||
	    !finding_begin(findings, "backend-no-answer", "backend %s via %s",
			   answers->service,
			   addr_name(&answers->addr, name)))
		return;
	finding_what(findings,
		     "%s gets requests and answers none: of %u new connections none went on, and the first packets of %u were repeated",
		     name, answers->failed, answers->repeated);
	finding_why(findings,
		    "its clients wait in vain; 'dsrctl doctor' on %s says what is wrong there; until that is mended, take it out",
		    name);
	finding_mend(findings, "dsrctl backend set %s via %s down",
		     answers->service, name);
}

/* Check if another backend answers what clients ask this one for. */
static bool others_answer(const struct answers *answers, size_t count,
			  const struct answers *mine)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (answers[i].good && answers[i].port == mine->port &&
		    addr_same(&answers[i].vip, &mine->vip) &&
		    !strcmp(answers[i].service, mine->service))
			return true;
	return false;
}

/* A server of UDP may answer none: it is judged by the others of its service. */
static void judge_udp(struct doctor *doctor, const struct answers *answers,
		      size_t count, const struct answers *mine)
{
	struct findings *findings = &doctor->findings;
	char name[INET6_ADDRSTRLEN], vip[INET6_ADDRSTRLEN];

	if (mine->good || mine->failed < UNANSWERED_MIN || !*mine->service ||
	    !others_answer(answers, count, mine) ||
	    !finding_begin(findings, "backend-no-answer", "backend %s via %s",
			   mine->service, addr_name(&mine->addr, name)))
		return;
	finding_what(findings,
		     "%s gets datagrams for %s port %u and answers none: %u clients wait, and other backends answer theirs",
		     name, addr_name(&mine->vip, vip), mine->port,
		     mine->failed);
	finding_why(findings,
		    "its clients wait in vain; 'dsrctl doctor' on %s says what is wrong there; until that is mended, take it out",
		    name);
	finding_mend(findings, "dsrctl backend set %s via %s down",
		     mine->service, name);
}

/**
 * struct ports - what was asked about ports, so that each is asked for once
 * @first: a packet for the port
 * @meant: it is meant to be served
 * @count: how many were asked for
 */
struct ports {
	const struct seen *first[SERVERS_MAX];
	bool meant[SERVERS_MAX];
	size_t count;
};

static int is_meant(struct doctor *doctor, const struct seen *seen,
		    struct ports *ports, bool *meant)
{
	size_t i;
	int status;

	*meant = false;
	for (i = 0; i < ports->count; i++)
		if (ports->first[i]->proto == seen->proto &&
		    ports->first[i]->dport == seen->dport &&
		    addr_same(&ports->first[i]->dst, &seen->dst)) {
			*meant = ports->meant[i];
			return DSRCTL_OK;
		}
	if (ports->count == SERVERS_MAX)
		return DSRCTL_OK;
	status = doctor_port(doctor, seen, meant);
	ports->first[ports->count] = seen;
	ports->meant[ports->count++] = *meant;
	return status;
}

static bool is_request(const struct doctor *doctor, const struct seen *seen)
{
	return !seen->out && !seen->answer &&
	       host_sees_ip(&doctor->host, seen->ifindex);
}

/* Replies that end here are a fault of this machine, and not of a backend. */
static bool is_explained(const struct findings *findings)
{
	return finding_has(findings, "replies-not-forwarded") ||
	       finding_has(findings, "replies-rp-filter") ||
	       finding_has(findings, "replies-look-spoofed") ||
	       finding_has(findings, "replies-dropped") ||
	       finding_has(findings, "replies-no-route") ||
	       finding_has(findings, "no-route-back") ||
	       finding_has(findings, "firewall-drops") ||
	       finding_has(findings, "backend-neighbour-failed") ||
	       finding_has(findings, "backend-no-route") ||
	       finding_has(findings, "backend-device-down");
}

/* The marks of the services, behind the 0 of packets that have none. */
static size_t read_marks(const struct doctor *doctor, uint32_t *marks)
{
	struct service_info service;
	size_t i, count = 1;
	uint32_t mark;

	marks[0] = 0;
	for (i = 0; i < doctor->services.count && count < MARKS_MAX; i++) {
		if (!service_parse_reply(doctor->services.reply[i], &service))
			continue;
		mark = attr_u32(service.tb[DSR_SERVICE_A_FWMARK]);
		if (mark && mark != marks[count - 1])
			marks[count++] = mark;
	}
	return count;
}

/* Asks for the connection of a packet with each mark, until one is right; that
 * comes first then, for the next packet.
 */
static int ask(struct doctor *doctor, const struct seen *seen, uint32_t *marks,
	       size_t count, size_t *questions, struct inquiry *inquiry)
{
	uint32_t right;
	size_t i;
	int status;

	for (i = 0; i < count; i++) {
		(*questions)++;
		status = inquiry_packet(doctor->ctl, seen, true, marks[i],
					inquiry);
		if (status)
			return status;
		if (!inquiry->known)
			continue;
		right = marks[i];
		memmove(marks + 1, marks, i * sizeof(*marks));
		marks[0] = right;
		break;
	}
	return DSRCTL_OK;
}

/* Check if the answer to a datagram has come in. */
static bool is_answered(const struct watch *watch, const struct seen *request)
{
	const struct seen *seen;
	size_t i;

	for (i = 0; i < watch->count; i++) {
		seen = &watch->seen[i];
		if (!seen->out && seen->answer && seen->proto == IPPROTO_UDP &&
		    seen->sport == request->dport &&
		    seen->dport == request->sport &&
		    addr_same(&seen->src, &request->dst) &&
		    addr_same(&seen->dst, &request->src))
			return true;
	}
	return false;
}

static void count_udp(const struct watch *watch, const struct seen *seen,
		      struct answers *mine)
{
	if (is_answered(watch, seen))
		mine->good++;
	else if (watch->end - seen->time >= UNANSWERED_MSECS &&
		 visit_has_left(watch, seen))
		mine->failed++;
}

static void count_connection(const struct watch *watch,
			     const struct seen *seen,
			     const struct inquiry *inquiry,
			     struct answers *mine)
{
	if (inquiry->state != DSR_CONN_SYN) {
		mine->good++;
	} else if (visit_has_left(watch, seen)) {
		mine->failed++;
		mine->repeated += seen->times > 1;
	}
}

/**
 * doctor_answers() - look for backends that do not answer
 * @doctor: the machine
 *
 * Return: enum dsrctl_status.
 */
int doctor_answers(struct doctor *doctor)
{
	struct answers answers[SERVERS_MAX], *mine;
	size_t i, count = 0, asked = 0, questions = 0, marks_count;
	uint32_t marks[MARKS_MAX];
	struct ports ports = { .count = 0 };
	struct inquiry inquiry;
	bool meant;
	int status;

	if (!doctor->services.count || is_explained(&doctor->findings))
		return DSRCTL_OK;
	marks_count = read_marks(doctor, marks);
	for (i = 0; i < doctor->watch.count && asked < CONNECTIONS_MAX &&
	     questions < QUESTIONS_MAX; i++) {
		const struct seen *seen = &doctor->watch.seen[i];

		if (!is_request(doctor, seen))
			continue;
		asked++;
		status = ask(doctor, seen, marks, marks_count, &questions,
			     &inquiry);
		if (status)
			return status;
		if (!inquiry.known)
			continue;
		/* the others of its service tell if a port of UDP is meant */
		meant = seen->proto == IPPROTO_UDP;
		status = meant ? DSRCTL_OK :
				 is_meant(doctor, seen, &ports, &meant);
		if (status)
			return status;
		mine = meant ? find(answers, &count, &inquiry, seen) : NULL;
		if (!mine)
			continue;
		if (seen->proto == IPPROTO_UDP)
			count_udp(&doctor->watch, seen, mine);
		else
			count_connection(&doctor->watch, seen, &inquiry, mine);
	}
	for (i = 0; i < count; i++) {
		if (answers[i].vip.family)
			judge_udp(doctor, answers, count, &answers[i]);
		else
			judge(doctor, &answers[i]);
	}
	return DSRCTL_OK;
}
