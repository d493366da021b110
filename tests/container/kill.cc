#include "container/kill.h"

#include <doctest/doctest.h>
#include <signal.h>

#include "container/record.h"
#include "folder.h"

namespace {

TEST_CASE("a signal is a number, or a name in any case, with or without SIG") {
  struct Row {
    const char* word;
    int signal;
  };
  for (auto row :
       {Row{"0", 0}, Row{"9", 9}, Row{"64", 64}, Row{"KILL", SIGKILL}, Row{"kill", SIGKILL},
        Row{"SIGKILL", SIGKILL}, Row{"sigkill", 9}, Row{"SigTerm", SIGTERM}, Row{"HUP", SIGHUP},
        Row{"SIGCLD", SIGCHLD}, Row{"POLL", SIGIO}, Row{"SIGWINCH", SIGWINCH}, Row{"RTMIN", 34},
        Row{"RTMIN+1", 35}, Row{"SIGRTMIN+3", 37}, Row{"RTMAX", 64}, Row{"RTMAX-1", 63},
        Row{"sigrtmax-30", 34}}) {
    auto signal = container::signal_of(row.word);
    REQUIRE_MESSAGE(signal, row.word);
    CHECK(signal.value() == row.signal);
  }
}

TEST_CASE("what is no signal is a mistake on the command line") {
  for (auto word : {"", "-1", "65", "9x", " 9", "SIG", "SIG9", "SIGSIGKILL", "NOSUCH", "RTMIN-1",
                    "RTMIN+31", "RTMAX+1", "RTMAX-31", "RTMIN5", "RTMIN+", "RTMIN+-1", "RTMAX+-1",
                    "99999999999999999999"}) {
    auto signal = container::signal_of(word);
    CHECK_MESSAGE(!signal, word);
    if (!signal) CHECK(signal.error().kind() == base::Kind::Usage);
  }
}

TEST_CASE("a stopped container is not running, for every signal") {
  Folder folder;
  {
    auto record = container::Record::claim(folder.path(), "c1", "{}");
    REQUIRE(record);
    record.value().saved.ready = true;
    REQUIRE(record.value().save());
    record.value().keep();
  }
  for (int signal : {0, SIGTERM, SIGKILL}) {
    auto sent = container::kill(folder.path(), "c1", signal, false);
    REQUIRE(!sent);
    CHECK(sent.error().text().find("container not running") != std::string::npos);
  }
  auto absent = container::kill(folder.path(), "c2", SIGTERM, false);
  REQUIRE(!absent);
  CHECK(absent.error().text().find("does not exist") != std::string::npos);
}

}  // namespace
