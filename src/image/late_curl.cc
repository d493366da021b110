// Each function has the name and the form that <curl/curl.h> gives it: callers see no difference.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <cstdarg>

#include "image/late.h"
#include "sys/library.h"

// The header's macros of these names would take the definitions apart.
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace {

const sys::Library& library() {
  static const sys::Library one(CORACLE_CURL);
  return one;
}

}  // namespace

#define LATE(name) static const auto late = library().function<decltype(&(name))>(#name)

base::Status image::load_curl() {
  if (library().problem().empty()) return {};
  return base::system_error(library().problem());
}

CURLcode curl_global_init(long flags) {
  LATE(curl_global_init);
  return late ? late(flags) : CURLE_FAILED_INIT;
}

void curl_global_cleanup() {
  LATE(curl_global_cleanup);
  if (late) late();
}

CURL* curl_easy_init() {
  LATE(curl_easy_init);
  return late ? late() : nullptr;
}

void curl_easy_cleanup(CURL* curl) {
  LATE(curl_easy_cleanup);
  if (late) late(curl);
}

void curl_easy_reset(CURL* curl) {
  LATE(curl_easy_reset);
  if (late) late(curl);
}

CURLcode curl_easy_perform(CURL* curl) {
  LATE(curl_easy_perform);
  return late ? late(curl) : CURLE_FAILED_INIT;
}

// The header has an enumeration as the last named argument, whose size promotion leaves as it is.
#ifdef __clang__
#pragma clang diagnostic ignored "-Wvarargs"
#endif

// One argument follows, a long, a curl_off_t or a pointer: 64 bits where this program runs.
static_assert(sizeof(long) == sizeof(void*) && sizeof(curl_off_t) == sizeof(void*));

CURLcode curl_easy_setopt(CURL* curl, CURLoption option, ...) {
  LATE(curl_easy_setopt);
  va_list rest;
  va_start(rest, option);
  void* value = va_arg(rest, void*);
  va_end(rest);
  return late ? late(curl, option, value) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_getinfo(CURL* curl, CURLINFO info, ...) {
  LATE(curl_easy_getinfo);
  va_list rest;
  va_start(rest, info);
  void* value = va_arg(rest, void*);
  va_end(rest);
  return late ? late(curl, info, value) : CURLE_FAILED_INIT;
}

const char* curl_easy_strerror(CURLcode code) {
  LATE(curl_easy_strerror);
  return late ? late(code) : "libcurl is not there";
}

void curl_free(void* text) {
  LATE(curl_free);
  if (late) late(text);
}

curl_slist* curl_slist_append(curl_slist* list, const char* text) {
  LATE(curl_slist_append);
  return late ? late(list, text) : nullptr;
}

void curl_slist_free_all(curl_slist* list) {
  LATE(curl_slist_free_all);
  if (late) late(list);
}

CURLU* curl_url() {
  LATE(curl_url);
  return late ? late() : nullptr;
}

void curl_url_cleanup(CURLU* url) {
  LATE(curl_url_cleanup);
  if (late) late(url);
}

// Newer headers promise that the URL stays as it is.
template <class Function>
struct FirstOf;
template <class Result, class First, class... Rest>
struct FirstOf<Result (*)(First, Rest...)> {
  using type = First;
};

CURLUcode curl_url_get(FirstOf<decltype(&curl_url_get)>::type url, CURLUPart part, char** text,
                       unsigned flags) {
  LATE(curl_url_get);
  return late ? late(url, part, text, flags) : CURLUE_OUT_OF_MEMORY;
}

CURLUcode curl_url_set(CURLU* url, CURLUPart part, const char* text, unsigned flags) {
  LATE(curl_url_set);
  return late ? late(url, part, text, flags) : CURLUE_OUT_OF_MEMORY;
}
