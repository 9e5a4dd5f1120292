# Run at build time: writes version.c, only if it changes. Arguments: -DVERSION= -DDATE= -DCOMPILER= -DSOURCE= -DOUTPUT=
find_program(git git)
set(id "")
if(git)
  execute_process(COMMAND ${git} -C ${SOURCE} describe --always --dirty --abbrev=12
                  OUTPUT_VARIABLE id OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(id)
  set(id " (git ${id})")
endif()
set(text "#include \"edgesplit/version.h\"

const char *es_version(void) { return \"edgesplit ${VERSION}${id}\"; }

const char *es_release_date(void) { return \"${DATE}\"; }

const char *es_compiler(void) { return \"${COMPILER}\"; }
")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
