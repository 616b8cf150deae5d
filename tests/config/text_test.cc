#include "tests/config/loading.h"

namespace ringway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string repeat(const std::string& text, std::size_t count) {
  std::string result;
  result.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) {
    result += text;
  }
  return result;
}

TEST(Text, nothing_is_a_valid_configuration) {
  for (const char* text :
       {"", "\n", "# only a comment\n", "---\n---\n", "---\n# x\n...\n", "\xef\xbb\xbf", "null\n", "~"}) {
    EXPECT_THAT(mistakes(text), IsEmpty()) << text;
  }
  EXPECT_THAT(mistakes("", "f.json"), IsEmpty());
}

TEST(Text, that_is_no_yaml_is_one_mistake_with_its_place) {
  EXPECT_THAT(mistakes("apiVersion: v1\nkind: [Pod\n"), ElementsAre(StartsWith("f:3:1: this is no YAML: ")));
  EXPECT_THAT(mistakes("a: b: c\n"), ElementsAre(StartsWith("f:1:5: this is no YAML: ")));
  EXPECT_THAT(mistakes("a: \"b\nc: d\n"), ElementsAre("f:1:4: this is no YAML: the quote is never closed"));
  EXPECT_THAT(mistakes("a: 'it''s\\\n"), ElementsAre("f:1:4: this is no YAML: the quote is never closed"));
  EXPECT_THAT(mistakes("---\n], x\n"), ElementsAre(HasSubstr("this is no YAML")));
  EXPECT_THAT(mistakes(", x\n"), ElementsAre(StartsWith("f:1:1: this is no YAML")));
}

TEST(Text, documents_before_a_syntax_error_are_still_checked) {
  EXPECT_THAT(mistakes(service("web", "127.96.0.300", 80) + "a: [\n"),
              ElementsAre(StartsWith("f:4:19: spec.clusterIP: '127.96.0.300'"), HasSubstr("this is no YAML")));
}

TEST(Text, control_characters_and_foreign_encodings_are_refused_with_their_place) {
  EXPECT_THAT(mistakes(std::string("a: b\nc: \0d\n", 11)),
              ElementsAre("f:2:4: the control character 0 is not allowed in a configuration"));
  EXPECT_THAT(mistakes("kind: x\n\x04\nkind: y\n"), ElementsAre(StartsWith("f:2:1: the control character 4")));
  for (const char* bad : {"a: \xff\n", "a: \xc3\n", "a: \xc0\xaf\n", "a: \xed\xa0\x80\n", "a: \xf5\x80\x80\x80\n",
                          "a: \xe2\x82\n", "a: \xf0\x80\x80\x80"}) {
    EXPECT_THAT(mistakes(bad), ElementsAre(StartsWith("f:1:4: this is no UTF-8 text"))) << bad;
  }
  EXPECT_THAT(mistakes(std::string("\xff\xfe"
                                   "a\0",
                                   4)),
              ElementsAre(HasSubstr("UTF-8")));
  EXPECT_THAT(mistakes("apiVersion: v1\nkind: ConfigMap\ndata: {a: \"é€𝄞\"}\r\n"), IsEmpty());
}

TEST(Text, deep_nesting_is_refused_without_deep_recursion) {
  for (const std::size_t depth : {100U, 10'000U, 100'000U}) {
    const std::string lists = repeat("[", depth) + repeat("]", depth);
    EXPECT_THAT(mistakes(lists), ElementsAre(HasSubstr("nested too deeply, at most 64"))) << depth;
    EXPECT_THAT(mistakes("a: " + lists), ElementsAre(HasSubstr("nested too deeply, at most 64"))) << depth;
    EXPECT_THAT(mistakes(lists, "f.json"), ElementsAre(HasSubstr("nested too deeply"))) << depth;
    EXPECT_THAT(mistakes(repeat("{\"a\":", depth)), ElementsAre(HasSubstr("nested too deeply"))) << depth;
    EXPECT_THAT(mistakes(repeat("- ", depth)), ElementsAre(HasSubstr("nested too deeply"))) << depth;
    EXPECT_THAT(mistakes(repeat("[", depth)), ElementsAre(HasSubstr("a '[' or '{' may not be closed"))) << depth;
  }
  EXPECT_THAT(mistakes("apiVersion: x/v1\nkind: Deep\nspec: " + repeat("[", 60) + repeat("]", 60)), IsEmpty());
}

TEST(Text, an_endless_flow_collection_is_refused) {
  EXPECT_THAT(mistakes("- [" + repeat("1,", 1'500'000) + "1]"),
              ElementsAre(HasSubstr("one value is longer than 2 MiB; where this is JSON, name the file *.json")));
}

TEST(Text, aliases_are_copies_within_a_limit) {
  const auto configuration = loaded(
      "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a, labels: &l {app: x}}\n"
      "- apiVersion: v1\n  kind: Pod\n  metadata: {name: b, labels: *l}\n");
  ASSERT_EQ(configuration.pods.size(), 2U);
  EXPECT_EQ(configuration.pods[1].metadata.labels, (Labels{{"app", "x"}}));

  std::string laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char name = 'b'; name <= 'j'; ++name) {
    const std::string before(1, static_cast<char>(name - 1));
    laughs += std::string(1, name) + ": &" + name + " [" + repeat("*" + before + ",", 9) + "*" + before + "]\n";
  }
  EXPECT_THAT(mistakes(laughs), ElementsAre(HasSubstr("the aliases expand to more than 4000000 values")));
  std::string tower = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i) {
    tower += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_THAT(mistakes(tower), ElementsAre(HasSubstr("nested too deeply")));
  EXPECT_THAT(mistakes("a: &a [*a]\n"), ElementsAre(HasSubstr("not complete here")));
  EXPECT_THAT(mistakes("a: *nowhere\n"), ElementsAre(HasSubstr("this is no YAML")));
  EXPECT_THAT(mistakes("a: &a {b: c}\nd: {<<: *a}\n"), ElementsAre(StartsWith("f:2:5: merge keys ('<<')")));
}

TEST(Text, a_key_that_stands_twice_is_a_mistake_at_any_depth) {
  EXPECT_THAT(mistakes("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  name: b\nspec: {x: [{y: 1, y: 2}]}\n"),
              ElementsAre("f:5:3: metadata.name: the key stands twice, first in line 4",
                          "f:6:19: spec.x[0].y: the key stands twice, first in line 6"));
  EXPECT_THAT(
      mistakes("{\"kind\":\"Pod\",\n\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\"}}", "f.json"),
      ElementsAre("f.json:2:1: kind: the key stands twice, first in line 1"));
}

TEST(Text, json_has_places_too) {
  EXPECT_THAT(
      mistakes("{\n  \"apiVersion\": \"v1\", \"kind\": \"Service\",\n  \"metadata\": {\"name\": \"a\"},\n"
               "  \"spec\": {\"clusterIP\": \"10.0.0.1\", \"ports\": [{\"port\": 70000}, "
               "{\"port\":\"x\",\"name\":\"y\"}]}\n}\n",
               "f.json"),
      ElementsAre("f.json:4:47: spec.ports[0]: a name is needed where a Service has several ports",
                  "f.json:4:56: spec.ports[0].port: expected a whole number from 1 to 65535, found the number "
                  "'70000'",
                  "f.json:4:72: spec.ports[1].port: expected a whole number from 1 to 65535, found the text 'x'"));
  EXPECT_THAT(mistakes("{\"a\":\n  tru}", "f.json"),
              ElementsAre(StartsWith("f.json:2:3: this is no JSON: syntax error")));
  EXPECT_THAT(mistakes("{\"a\":1} x", "f.json"), ElementsAre(HasSubstr("this is no JSON")));
  EXPECT_THAT(mistakes("kind: Pod", "f.json"), ElementsAre(HasSubstr("this is no JSON")));
}

TEST(Text, json_escapes_that_yaml_lacks_are_read) {
  const auto pod = loaded(
      "\t{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"annotations\":"
      "{\"x\":\"\\ud83d\\ude00 \\/\"}}}");
  ASSERT_EQ(pod.pods.size(), 1U);
  EXPECT_EQ(pod.pods[0].metadata.annotations.at("x"), "\xf0\x9f\x98\x80 /");
}

TEST(Text, a_document_must_be_a_mapping_with_kind_and_the_right_api_version) {
  EXPECT_THAT(mistakes("- a\n"),
              ElementsAre("f:1:1: a document must be a mapping with apiVersion and kind, one of Ringway, "
                          "Service, Pod, EndpointSlice, Node, List"));
  EXPECT_THAT(mistakes("just text"), ElementsAre(HasSubstr("must be a mapping")));
  EXPECT_THAT(mistakes("apiVersion: v1\n"), ElementsAre(StartsWith("f:1:1: kind: a kind is needed, one of Ringway")));
  EXPECT_THAT(mistakes("kind: 5\n"), ElementsAre(StartsWith("f:1:7: kind: expected a text")));
  EXPECT_THAT(mistakes("kind: [Pod]\n"), ElementsAre(StartsWith("f:1:7: kind: expected a text")));
  EXPECT_THAT(mistakes("kind: Pod\nmetadata: {name: a}\n"),
              ElementsAre("f:1:1: apiVersion: kind Pod needs apiVersion: v1"));
  EXPECT_THAT(mistakes("apiVersion: v2\nkind: Pod\n"),
              ElementsAre("f:1:13: apiVersion: 'v2': kind Pod needs apiVersion: v1"));
  EXPECT_THAT(mistakes("apiVersion: v1\nkind: EndpointSlice\n"), ElementsAre(HasSubstr("discovery.k8s.io/v1")));
}

TEST(Text, other_kinds_are_ignored_and_said_so_but_not_a_slip_of_the_hand) {
  const auto configuration = loaded(
      "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n---\napiVersion: apps/v1\nkind: Deployment\n---\n"
      "apiVersion: batch/v1\nkind: Job\n---\nkind: Role\n---\napiVersion: v1\nkind: ConfigMap\n");
  EXPECT_THAT(configuration.notes, ElementsAre("f: kind ConfigMap: ignored (2)", "f: kind Deployment: ignored",
                                               "f: kind Job: ignored", "f: kind Role: ignored"));
  EXPECT_THAT(mistakes("apiVersion: v1\nkind: Servcie\n"),
              ElementsAre("f:2:7: kind: 'Servcie': unknown kind, did you mean Service?"));
  EXPECT_THAT(mistakes("kind: ringway\n"), ElementsAre(HasSubstr("did you mean Ringway?")));
}

TEST(Text, lists_hold_documents) {
  const auto configuration = loaded(
      "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n"
      "- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Node, metadata: {name: n}}]}\n"
      "- {apiVersion: v1, kind: Secret}\n---\n"
      "apiVersion: v1\nkind: PodList\nitems: [{metadata: {name: b}}, {metadata: {name: c}}]\n---\n"
      "apiVersion: v1\nkind: List\nitems: null\n");
  EXPECT_EQ(configuration.pods.size(), 3U);
  EXPECT_EQ(configuration.nodes.size(), 1U);
  EXPECT_THAT(mistakes("apiVersion: v1\nkind: List\nitems: [5, {kind: Pod, metadata: {name: a}}, {}]\n"),
              ElementsAre("f:3:9: items[0]: an item must be a mapping with apiVersion and kind",
                          "f:3:12: items[1].apiVersion: kind Pod needs apiVersion: v1",
                          StartsWith("f:3:46: items[2].kind: a kind is needed")));
}

}  // namespace
}  // namespace ringway::config
