#include "config/kubeconfig.h"

#include <gmock/gmock.h>

namespace ringway::config {
namespace {

using testing::HasSubstr;

constexpr const char* kText = R"(
apiVersion: v1
kind: Config
current-context: b
contexts:
- {name: a, context: {cluster: one, user: token, namespace: shop}}
- {name: b, context: {cluster: two, user: cert}}
- {name: c, context: {cluster: three, user: nobody}}
clusters:
- {name: one, cluster: {server: "https://10.0.0.1:6443", certificate-authority-data: aGFsbG8=}}
- {name: two, cluster: {server: "https://[fd00::1]/k8s/", certificate-authority: ca.pem, tls-server-name: kube}}
users:
- {name: token, user: {token: abc, tokenFile: /run/token}}
- {name: cert, user: {client-certificate: c.pem, client-key-data: "a2V5"}}
)";

TEST(Kubeconfig, TakesTheCurrentContextAndFilesBesideIt) {
  const auto access = parse_kubeconfig(kText, "/home/me/.kube/config", "");
  ASSERT_TRUE(access) << access.error();
  EXPECT_EQ(access->url(), "https://[fd00::1]:443/k8s");
  EXPECT_EQ(access->ca.file, "/home/me/.kube/ca.pem");
  EXPECT_EQ(access->tls_server_name, "kube");
  EXPECT_EQ(access->client_certificate.file, "/home/me/.kube/c.pem");
  EXPECT_EQ(access->client_key.text, "key");
}

TEST(Kubeconfig, TakesTheContextThatIsNamed) {
  const auto access = parse_kubeconfig(kText, "/k", "a");
  ASSERT_TRUE(access) << access.error();
  EXPECT_EQ(access->url(), "https://10.0.0.1:6443");
  EXPECT_EQ(access->ca.text, "hallo");
  EXPECT_EQ(access->token, "abc");
  EXPECT_EQ(access->token_file, "/run/token");
  EXPECT_EQ(access->ns, "shop");
}

TEST(Kubeconfig, SaysEverythingThatIsMissing) {
  EXPECT_THAT(parse_kubeconfig(kText, "/k", "d").error(), HasSubstr("there is no context 'd'"));
  const auto two = parse_kubeconfig(kText, "/k", "c").error();
  EXPECT_THAT(two, HasSubstr("there is no cluster 'three'"));
  EXPECT_THAT(two, HasSubstr("there is no user 'nobody'"));
  EXPECT_THAT(parse_kubeconfig("", "/k", "").error(), HasSubstr("empty"));
  EXPECT_THAT(parse_kubeconfig("[1", "/k", "").error(), HasSubstr("/k:1"));
}

TEST(Kubeconfig, ServersThatAreNone) {
  ClusterAccess access;
  for (const char* url : {"", "ftp://x", "https://", "https://h:0", "https://h:99999", "https://[::1", "https://a b"}) {
    EXPECT_FALSE(parse_server(url, access)) << url;
  }
  ASSERT_TRUE(parse_server("127.0.0.1:8001", access));
  EXPECT_EQ(access.url(), "http://127.0.0.1:8001");
}

TEST(Kubeconfig, Base64) {
  EXPECT_EQ(decode_base64("aGFs\nbG8="), "hallo");
  EXPECT_EQ(decode_base64("aGFsbG8"), "hallo");
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_FALSE(decode_base64("a"));
  EXPECT_FALSE(decode_base64("a%=="));
}

}  // namespace
}  // namespace ringway::config
