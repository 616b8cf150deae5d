#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "discovery/health/probe.h"
#include "tests/health/scripted_server.h"

namespace ringway::discovery {

/// Probes one server and waits for the result.
class ProbeTest : public testing::Test {
 protected:
  ProbeResult probe(const proxy::SocketAddress& address, const config::HealthCheck& check) {
    std::optional<ProbeResult> result;
    const auto probe = start_probe(context_.get_executor(), address, check,
                                   [&result](ProbeResult ended) { result = std::move(ended); });
    EXPECT_FALSE(result.has_value()) << "never from within the call";
    EXPECT_TRUE(run_until(context_, [&result] { return result.has_value(); }));
    return result.value_or(ProbeResult{});
  }

  ProbeResult probe(ScriptedServer::Script script, const config::HealthCheck& check) {
    ScriptedServer server(context_, std::move(script));
    ProbeResult result = probe(server.address(), check);
    last_request_ = server.last_request;
    return result;
  }

  proxy::SocketAddress closed_port() {
    boost::asio::ip::tcp::acceptor acceptor(context_, {boost::asio::ip::make_address("127.0.0.1"), 0});
    return {*proxy::IpAddress::parse("127.0.0.1"), acceptor.local_endpoint().port()};
  }

  boost::asio::io_context context_;
  std::string last_request_;
};

}  // namespace ringway::discovery
