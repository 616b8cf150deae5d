#include "proxy/address/virtual_ips.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include "tests/harness/await.h"
#include "tests/harness/own_namespace.h"

namespace ringway::proxy::test {
namespace {

using ringway::test::drop_capabilities;
using ringway::test::enter_own_namespace;
using ringway::test::set_up;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

std::vector<IpAddress> ips(std::initializer_list<std::string_view> texts) {
  std::vector<IpAddress> all;
  std::transform(texts.begin(), texts.end(), std::back_inserter(all), ip);
  return all;
}

/// What a client of a virtual IP needs: a server can bind it.
bool can_bind(const IpAddress& address) {
  sockaddr_storage storage{};
  const socklen_t length = SocketAddress(address, 0).fill(storage);
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0;
  close(fd);
  return bound;
}

/// Runs `body` in a child process that ends without any destructor, as a crash does; its result.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class VirtualIpsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string hindrance = enter_own_namespace(); !hindrance.empty()) {
      GTEST_SKIP() << "no network namespace of our own: " << hindrance;
    }
  }

  static std::unique_ptr<VirtualIps> open(const std::string& interface = "lo", bool manage = true,
                                          bool as_routes = false) {
    auto opened = VirtualIps::open(interface, manage, as_routes);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().context);
    return opened ? std::move(*opened) : nullptr;
  }

  /// Adds an address as an administrator would: without our mark.
  static void add_by_hand(const IpAddress& address, std::uint8_t prefix_length, std::uint8_t protocol = 0) {
    auto netlink = Netlink::open();
    ASSERT_TRUE(netlink.has_value());
    const InterfaceAddress one{address, if_nametoindex("lo"), prefix_length, protocol};
    ASSERT_THAT(netlink->add({&one, 1}).value(), ElementsAre(0));
  }

  static std::vector<InterfaceAddress> all() { return Netlink::open().value().addresses().value(); }

  /// IFA_PROTO came with Linux 5.18. Asked of the kernel's version, so that no mistake of ours passes for an old
  /// kernel.
  static bool kernel_keeps_marks() {
    utsname kernel{};
    uname(&kernel);
    int major = 0;
    int minor = 0;
    return std::sscanf(kernel.release, "%d.%d", &major, &minor) == 2 && std::pair(major, minor) >= std::pair(5, 18);
  }
};

TEST_F(VirtualIpsTest, loopback_needs_nothing) {
  auto vips = open();
  EXPECT_THAT(vips->ensure(ips({"127.96.0.10", "127.0.0.1", "::1"})).value(), IsEmpty());
  EXPECT_THAT(vips->added(), IsEmpty());
}

TEST_F(VirtualIpsTest, adds_both_families_so_that_they_can_be_bound_at_once) {
  const auto wanted = ips({"10.1.0.1", "fd00::1", "10.1.0.2"});
  auto vips = open();
  ASSERT_FALSE(can_bind(wanted[0]) || can_bind(wanted[1]) || can_bind(wanted[2]));
  EXPECT_EQ(vips->ensure(wanted).value(), wanted);
  EXPECT_TRUE(can_bind(wanted[0]) && can_bind(wanted[1]) && can_bind(wanted[2]));
  EXPECT_THAT(vips->added(), ::testing::UnorderedElementsAreArray(wanted));
  for (const auto& address : all()) {
    if (!address.ip.is_loopback()) {
      EXPECT_EQ(address.prefix_length, address.ip.is_v6() ? 128 : 32) << address.ip.to_string();
    }
  }
}

/// bind(2) does not know local routes of IPv6.
bool is_local(const IpAddress& address) {
  return Netlink::open().value().are_local({&address, 1}).value().front();
}

TEST_F(VirtualIpsTest, as_routes_they_are_local_and_on_no_interface) {
  const auto wanted = ips({"10.1.0.1", "fd00::1"});
  const std::size_t before = all().size();
  auto vips = open("lo", true, true);
  EXPECT_EQ(vips->ensure(wanted).value(), wanted);
  EXPECT_TRUE(is_local(wanted[0]) && is_local(wanted[1]));
  EXPECT_THAT(all(), SizeIs(before));
  EXPECT_THAT(vips->ensure(wanted).value(), IsEmpty()) << "they are local already";
  vips->release(ips({"10.1.0.1"}));
  EXPECT_FALSE(is_local(wanted[0]));
  EXPECT_TRUE(is_local(wanted[1]));
  vips.reset();
  EXPECT_FALSE(is_local(wanted[1]));
}

/// Routes to an IPv6 address, of which it is given how it stands in proc(5): the kernel's own comes some time after an
/// address was added.
std::size_t routes_to(const std::string& address) {
  std::ifstream all("/proc/thread-self/net/ipv6_route");
  std::size_t count = 0;
  for (std::string line; std::getline(all, line);) {
    count += line.starts_with(address) ? 1 : 0;
  }
  return count;
}

TEST_F(VirtualIpsTest, a_route_that_goes_leaves_the_address_that_somebody_added_meanwhile) {
  const auto wanted = ips({"10.1.0.1", "fd00::1"});
  auto vips = open("lo", true, true);
  ASSERT_EQ(vips->ensure(wanted).value(), wanted);
  add_by_hand(wanted[0], 32);
  add_by_hand(wanted[1], 128);
  // Ours, and the two of the address: in the local table and in the main one.
  ASSERT_TRUE(ringway::test::wait_until([] { return routes_to("fd000000000000000000000000000001") == 3; }));
  vips->release(wanted);
  EXPECT_TRUE(is_local(wanted[0]) && is_local(wanted[1]));
  EXPECT_TRUE(can_bind(wanted[0]) && can_bind(wanted[1]));
  EXPECT_THAT(Netlink::open().value().local_routes().value(), IsEmpty()) << "ours are gone";
}

TEST_F(VirtualIpsTest, routes_of_a_crash_go_whatever_the_next_one_adds_and_others_stay) {
  auto netlink = Netlink::open().value();
  const InterfaceAddress by_hand{ip("10.3.0.0"), if_nametoindex("lo"), 16, 4, true};
  ASSERT_THAT(netlink.add({&by_hand, 1}).value(), ElementsAre(0));
  ASSERT_EQ(in_child([] {
              auto* vips = open("lo", true, true).release();
              return vips->ensure(ips({"10.1.0.1", "10.1.0.2", "fd00::1"})) ? 0 : 1;
            }),
            0);
  ASSERT_TRUE(is_local(ip("10.1.0.1")) && is_local(ip("fd00::1")));
  auto vips = open();
  EXPECT_FALSE(is_local(ip("10.1.0.1")) || is_local(ip("10.1.0.2")) || is_local(ip("fd00::1")));
  EXPECT_TRUE(is_local(ip("10.3.4.5")));
}

TEST_F(VirtualIpsTest, a_second_call_adds_only_what_is_new) {
  auto vips = open();
  ASSERT_TRUE(vips->ensure(ips({"10.1.0.1", "10.1.0.1"})).has_value());
  EXPECT_EQ(vips->ensure(ips({"10.1.0.1", "10.1.0.2"})).value(), ips({"10.1.0.2"}));
}

TEST_F(VirtualIpsTest, release_removes_what_was_added_and_nothing_else) {
  add_by_hand(ip("10.2.0.1"), 32);
  auto vips = open();
  ASSERT_TRUE(vips->ensure(ips({"10.1.0.1", "fd00::1", "10.2.0.1"})).has_value());
  vips->release(ips({"10.1.0.1", "10.2.0.1", "10.9.9.9"}));
  EXPECT_FALSE(can_bind(ip("10.1.0.1")));
  EXPECT_TRUE(can_bind(ip("10.2.0.1")));
  EXPECT_EQ(vips->added(), ips({"fd00::1"}));
}

TEST_F(VirtualIpsTest, the_end_removes_all_that_was_added) {
  add_by_hand(ip("10.2.0.1"), 32);
  auto vips = open();
  ASSERT_TRUE(vips->ensure(ips({"10.1.0.1", "fd00::1", "10.2.0.1"})).has_value());
  vips.reset();
  EXPECT_FALSE(can_bind(ip("10.1.0.1")));
  EXPECT_FALSE(can_bind(ip("fd00::1")));
  EXPECT_TRUE(can_bind(ip("10.2.0.1")));
}

TEST_F(VirtualIpsTest, an_address_that_is_local_already_is_left_alone) {
  add_by_hand(ip("10.2.0.1"), 32);
  add_by_hand(ip("fd00::2"), 128);
  add_by_hand(ip("10.3.0.1"), 16);
  auto vips = open();
  EXPECT_THAT(vips->ensure(ips({"10.2.0.1", "fd00::2"})).value(), IsEmpty());
  EXPECT_THAT(vips->ensure(ips({"10.3.7.7"})).value(), IsEmpty()) << "lo makes its whole prefix local";
}

TEST_F(VirtualIpsTest, ip_nonlocal_bind_does_not_pass_for_local) {
  const int fd = ::open("/proc/sys/net/ipv4/ip_nonlocal_bind", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "1", 1) != 1) {
    close(fd);
    GTEST_SKIP() << "this sysctl cannot be set here";
  }
  close(fd);
  EXPECT_EQ(open()->ensure(ips({"10.1.0.1"})).value(), ips({"10.1.0.1"}));
}

TEST_F(VirtualIpsTest, without_the_right_the_error_names_the_capability_and_the_addresses) {
  EXPECT_EQ(in_child([] {
              drop_capabilities();
              auto vips = open();
              auto added = vips->ensure(ips({"127.96.0.1", "10.0.0.1", "fd00::1"}));
              if (added || added.error().code != ErrorCode::kPermission) {
                return 1;
              }
              EXPECT_EQ(added.error().context,
                        "adding 10.0.0.1, fd00::1 to lo: needs CAP_NET_ADMIN (run as root, or setcap "
                        "cap_net_admin+ep, or add the address yourself: ip addr add 10.0.0.1/32 dev lo)");
              return HasFailure() ? 2 : 0;
            }),
            0);
}

TEST_F(VirtualIpsTest, without_the_right_what_needs_none_still_works) {
  add_by_hand(ip("10.2.0.1"), 32);
  EXPECT_EQ(in_child([] {
              drop_capabilities();
              return open()->ensure(ips({"127.96.0.1", "10.2.0.1"})).has_value() ? 0 : 1;
            }),
            0);
}

TEST_F(VirtualIpsTest, an_unknown_interface_is_an_error_only_when_it_is_needed) {
  auto vips = open("nowhere0");
  EXPECT_TRUE(vips->ensure(ips({"127.96.0.1"})).has_value());
  const auto refused = vips->ensure(ips({"10.0.0.1"}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(refused.error().context, AllOf(HasSubstr("10.0.0.1"), HasSubstr("no interface named nowhere0")));
}

TEST_F(VirtualIpsTest, a_name_too_long_for_an_interface_is_unknown) {
  auto vips = open("lo" + std::string(40, 'x'));
  EXPECT_EQ(vips->ensure(ips({"10.0.0.1"})).error().code, ErrorCode::kNotFound);
}

TEST_F(VirtualIpsTest, an_interface_that_is_down_is_an_error) {
  ASSERT_TRUE(set_up("lo", false));
  const auto refused = open()->ensure(ips({"10.0.0.1"}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().context, HasSubstr("lo is down"));
}

TEST_F(VirtualIpsTest, with_manage_off_only_local_addresses_are_fine) {
  add_by_hand(ip("10.2.0.1"), 32);
  auto vips = open("lo", false);
  EXPECT_TRUE(vips->ensure(ips({"127.96.0.1", "10.2.0.1"})).has_value());
  const auto refused = vips->ensure(ips({"10.2.0.1", "10.0.0.1", "10.0.0.2"}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().context, AllOf(HasSubstr("10.0.0.1, 10.0.0.2 are not local"),
                                             HasSubstr("virtualIPs.mode is off"), Not(HasSubstr("10.2.0.1"))));
  EXPECT_FALSE(can_bind(ip("10.0.0.1")));
}

TEST_F(VirtualIpsTest, a_partial_failure_takes_back_what_went_in) {
  auto vips = open();
  ASSERT_TRUE(vips->ensure(ips({"10.0.0.7"})).has_value());
  // A multicast address is no address of a host, so the kernel refuses it.
  const auto refused = vips->ensure(ips({"10.0.0.1", "ff02::5", "10.0.0.2"}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().context, AllOf(HasSubstr("ff02::5"), Not(HasSubstr("10.0.0.1"))));
  EXPECT_FALSE(can_bind(ip("10.0.0.1")) || can_bind(ip("10.0.0.2")));
  EXPECT_EQ(vips->added(), ips({"10.0.0.7"})) << "what an earlier call added stays";
  EXPECT_TRUE(can_bind(ip("10.0.0.7")));
}

TEST_F(VirtualIpsTest, the_next_start_removes_what_a_crash_left) {
  if (!kernel_keeps_marks()) {
    GTEST_SKIP() << "this kernel does not keep IFA_PROTO (before 5.18)";
  }
  add_by_hand(ip("10.2.0.1"), 32);
  ASSERT_EQ(in_child([] { return open().release()->ensure(ips({"10.1.0.1", "fd00::1"})).has_value() ? 0 : 1; }), 0);
  ASSERT_TRUE(can_bind(ip("10.1.0.1")) && can_bind(ip("fd00::1"))) << "a crash leaves them";
  auto off = open("lo", false);
  EXPECT_TRUE(can_bind(ip("10.1.0.1"))) << "one that does not manage addresses removes none";
  auto vips = open();
  EXPECT_FALSE(can_bind(ip("10.1.0.1")) || can_bind(ip("fd00::1")));
  EXPECT_TRUE(can_bind(ip("10.2.0.1")));
}

TEST_F(VirtualIpsTest, what_a_crash_left_meanwhile_is_not_taken_for_local) {
  if (!kernel_keeps_marks()) {
    GTEST_SKIP() << "this kernel does not keep IFA_PROTO (before 5.18)";
  }
  auto vips = open();
  ASSERT_EQ(in_child([] { return open().release()->ensure(ips({"10.1.0.1"})).has_value() ? 0 : 1; }), 0);
  EXPECT_EQ(vips->ensure(ips({"10.1.0.1"})).value(), ips({"10.1.0.1"}));
  auto other = open();
  EXPECT_TRUE(can_bind(ip("10.1.0.1"))) << "it is ours now, and no orphan";
}

TEST_F(VirtualIpsTest, two_daemons_side_by_side_do_not_disturb_each_other) {
  auto first = open();
  ASSERT_TRUE(first->ensure(ips({"10.1.0.1"})).has_value());
  auto second = open();
  ASSERT_TRUE(second->ensure(ips({"10.1.0.2"})).has_value());
  EXPECT_TRUE(can_bind(ip("10.1.0.1"))) << "the start of the second removes nothing of the first";
  EXPECT_THAT(second->ensure(ips({"10.1.0.1"})).value(), IsEmpty());
  first.reset();
  EXPECT_FALSE(can_bind(ip("10.1.0.1")));
  EXPECT_TRUE(can_bind(ip("10.1.0.2")));
  auto third = open();
  ASSERT_TRUE(third->ensure(ips({"10.1.0.3"})).has_value());
  second.reset();
  EXPECT_TRUE(can_bind(ip("10.1.0.3")));
}

TEST_F(VirtualIpsTest, more_daemons_than_slots_are_refused_with_the_limit) {
  std::vector<std::unique_ptr<VirtualIps>> daemons;
  for (std::uint8_t i = 0; i < Slot::kCount; ++i) {
    daemons.push_back(open());
    ASSERT_TRUE(daemons.back()->ensure(std::vector{IpAddress::v4(0x0A010001U + i)}).has_value());
  }
  auto last = open();
  EXPECT_TRUE(last->ensure(ips({"127.96.0.1", "10.1.0.1"})).has_value()) << "only adding needs a slot";
  const auto refused = last->ensure(ips({"10.9.0.1"}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
  EXPECT_THAT(refused.error().context, HasSubstr("16 daemons"));
}

TEST_F(VirtualIpsTest, ten_thousand_addresses_come_and_go) {
  std::vector<IpAddress> wanted;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    wanted.push_back(IpAddress::v4(0x0A400001U + i));
  }
  auto vips = open();
  const auto added = vips->ensure(wanted);
  ASSERT_TRUE(added.has_value()) << added.error().context;
  EXPECT_EQ(*added, wanted);
  EXPECT_THAT(vips->ensure(wanted).value(), IsEmpty());
  EXPECT_TRUE(can_bind(wanted.front()) && can_bind(wanted.back()));
  vips.reset();
  EXPECT_FALSE(can_bind(wanted.front()) || can_bind(wanted.back()));
  EXPECT_THAT(all(), SizeIs(2)) << "127.0.0.1 and ::1 are left";
}

TEST_F(VirtualIpsTest, ten_thousand_refusals_stay_readable) {
  EXPECT_EQ(in_child([] {
              std::vector<IpAddress> wanted;
              for (std::uint32_t i = 0; i < 10'000; ++i) {
                wanted.push_back(IpAddress::v4(0x0A400001U + i));
              }
              drop_capabilities();
              const auto refused = open()->ensure(wanted);
              EXPECT_THAT(refused.error().context, AllOf(HasSubstr("and 9950 more"), HasSubstr("CAP_NET_ADMIN")));
              EXPECT_LT(refused.error().context.size(), 2'000U);
              return HasFailure() ? 1 : 0;
            }),
            0);
}

}  // namespace
}  // namespace ringway::proxy::test
