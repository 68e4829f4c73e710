// SPDX-License-Identifier: GPL-2.0
/*
 * dsr-metrics: what "dsrctl metrics" prints, over HTTP, and a page for people. It
 * gets its sockets from systemd.
 *
 * A thread of its own serves each socket, and answers one request after the other:
 * however many ask, dsrctl runs once at a time for each.
 */
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "command.h"
#include "page.h"

#define SOCKETS_MAX		8
/* each may hold a whole answer, which has megabytes with thousands of backends */
#define CONNECTIONS_MAX		8
#define CONNECTION_SECONDS	15

#define OPENMETRICS	"application/openmetrics-text"

static const char text_type[] = "text/plain; charset=utf-8";

/* Answers by a text, which is freed here. */
static enum MHD_Result answer(struct MHD_Connection *connection,
			      unsigned int code, const char *type, char *text,
			      size_t size)
{
	enum MHD_Result result = MHD_NO;
	struct MHD_Response *response;

	response = MHD_create_response_from_buffer(size, text,
						   MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
				"no-store");
	if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
					"GET, HEAD");
	MHD_add_response_header(response, "Content-Security-Policy",
				"default-src 'none'; style-src 'unsafe-inline'");
	result = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_sentence(struct MHD_Connection *connection,
				       unsigned int code, const char *sentence)
{
	char *text = strdup(sentence);

	if (!text)
		return MHD_NO;
	return answer(connection, code, text_type, text, strlen(text));
}

/* dsrctl has failed: what it printed says why. */
static enum MHD_Result answer_failure(struct MHD_Connection *connection,
				      char *output, size_t size)
{
	if (output && size)
		return answer(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
			      text_type, output, size);
	free(output);
	return answer_sentence(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
			       "dsr-metrics: cannot run dsrctl\n");
}

/* In the format that is asked for, as Prometheus does by the header Accept. */
static enum MHD_Result answer_metrics(struct MHD_Connection *connection)
{
	static const struct {
		const char *words[5];
		const char *type;
	} formats[] = {
		{ { "dsrctl", "metrics", "format", "prometheus", NULL },
		  "text/plain; version=0.0.4; charset=utf-8" },
		{ { "dsrctl", "metrics", "format", "openmetrics", NULL },
		  OPENMETRICS "; version=1.0.0; charset=utf-8" },
	};
	const char *accept;
	char *output;
	size_t size;
	int format;

	accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					     MHD_HTTP_HEADER_ACCEPT);
	format = accept && strstr(accept, OPENMETRICS);
	if (command_run(formats[format].words, &output, &size))
		return answer_failure(connection, output, size);
	return answer(connection, MHD_HTTP_OK, formats[format].type, output,
		      size);
}

static enum MHD_Result answer_page(struct MHD_Connection *connection)
{
	static const char *const words[][5] = {
		{ "dsrctl", "-j", "show", NULL },
		{ "dsrctl", "-j", "stats", NULL },
	};
	char *show, *stats, *page;
	size_t size;

	if (command_run(words[0], &show, &size))
		return answer_failure(connection, show, size);
	if (command_run(words[1], &stats, &size)) {
		free(show);
		return answer_failure(connection, stats, size);
	}
	page = page_make(show, stats, &size);
	free(show);
	free(stats);
	if (!page)
		return answer_failure(connection, NULL, 0);
	return answer(connection, MHD_HTTP_OK, "text/html; charset=utf-8",
		      page, size);
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection,
			      const char *url, const char *method,
			      const char *version, const char *data,
			      size_t *size, void **state)
{
	static int begun;

	(void)arg;
	(void)version;
	(void)data;
	/* the first call has the headers only */
	if (!*state) {
		*state = &begun;
		return MHD_YES;
	}
	if (*size) {
		*size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_sentence(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				       "GET and HEAD only\n");
	if (!strcmp(url, "/metrics"))
		return answer_metrics(connection);
	if (!strcmp(url, "/"))
		return answer_page(connection);
	return answer_sentence(connection, MHD_HTTP_NOT_FOUND,
			       "there are / and /metrics\n");
}

static struct MHD_Daemon *serve(int fd)
{
	/* Without MHD_USE_ITC the library shuts the socket down to end: but the
	 * socket is systemd's, and has to outlive this process.
	 */
	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
				MHD_USE_ITC, 0, NULL, NULL, handle, NULL,
				MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_TIMEOUT,
				CONNECTION_SECONDS, MHD_OPTION_END);
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *daemons[SOCKETS_MAX] = { NULL };
	int i, sockets, signal, status = EXIT_SUCCESS;
	sigset_t ends;

	(void)argv;
	sockets = sd_listen_fds(1);
	if (argc > 1 || sockets <= 0) {
		fputs("dsr-metrics: takes its sockets from systemd, by dsr-metrics.socket. By hand: systemd-socket-activate -l 127.0.0.1:9857 dsr-metrics\n",
		      stderr);
		return EXIT_FAILURE;
	}

	if (sockets > SOCKETS_MAX) {
		fprintf(stderr, "dsr-metrics: serves %d sockets at most: name fewer in dsr-metrics.socket\n",
			SOCKETS_MAX);
		return EXIT_FAILURE;
	}

	/* before the threads begin, which inherit this */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);

	for (i = 0; i < sockets; i++) {
		daemons[i] = serve(SD_LISTEN_FDS_START + i);
		if (!daemons[i]) {
			fputs("dsr-metrics: cannot serve the socket\n", stderr);
			status = EXIT_FAILURE;
		}
	}
	if (!status)
		sigwait(&ends, &signal);
	for (i = 0; i < SOCKETS_MAX; i++)
		if (daemons[i])
			MHD_stop_daemon(daemons[i]);
	return status;
}
