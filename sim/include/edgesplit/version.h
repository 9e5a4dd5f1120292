/* Which edgesplit this is. Generated at build time from the project's version and the checkout's
 * git id. */
#ifndef EDGESPLIT_VERSION_H
#define EDGESPLIT_VERSION_H

/* Lends "edgesplit 0.1.0 (git 0123abc)", or without the git id when it was not built from a
 * checkout. */
const char *es_version(void);

/* Lends the date of the release it comes from or follows, "2026-11-23". */
const char *es_release_date(void);

/* Lends the compiler's name and version. */
const char *es_compiler(void);

#endif
