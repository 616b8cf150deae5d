#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <gtest/gtest.h>

#include <discovery/source/cri/api.grpc.pb.h>
#include "discovery/health/prober.h"
#include "tests/health/probe_test.h"

namespace ringway::discovery {
namespace {

using config::HealthCheck;
using std::chrono::milliseconds;

/// A server of gRPC with a service of any kind, on a free port.
class GrpcServer {
 public:
  explicit GrpcServer(bool with_health) {
    grpc::EnableDefaultHealthCheckService(with_health);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  ~GrpcServer() { server_->Shutdown(std::chrono::system_clock::now()); }

  [[nodiscard]] proxy::SocketAddress address() const {
    return {*proxy::IpAddress::parse("127.0.0.1"), static_cast<std::uint16_t>(port_)};
  }
  void set_serving(const std::string& service, bool serving) const {
    server_->GetHealthCheckService()->SetServingStatus(service, serving);
  }
  void set_serving(bool serving) const { server_->GetHealthCheckService()->SetServingStatus(serving); }

 private:
  int port_ = 0;
  runtime::v1::RuntimeService::Service service_;
  std::unique_ptr<grpc::Server> server_;
};

HealthCheck grpc_check(const std::string& service = "") {
  HealthCheck check;
  check.kind = HealthCheck::Kind::kGrpc;
  check.service = service;
  check.timeout = std::chrono::seconds(5);
  return check;
}

using RealGrpcServer = ProbeTest;

TEST_F(RealGrpcServer, SaysOfItselfAndOfEachServiceHowItIs) {
  const GrpcServer server(true);
  server.set_serving("shop.Cart", true);
  server.set_serving("shop.Till", false);
  EXPECT_EQ(probe(server.address(), grpc_check()), (ProbeResult{ProbeOutcome::kSuccess, "gRPC SERVING"}));
  EXPECT_EQ(probe(server.address(), grpc_check("shop.Cart")).detail, "gRPC SERVING");
  EXPECT_EQ(probe(server.address(), grpc_check("shop.Till")),
            (ProbeResult{ProbeOutcome::kFailure, "gRPC NOT_SERVING, wanted SERVING"}));
  EXPECT_EQ(probe(server.address(), grpc_check("shop.Lost")).detail,
            "gRPC call failed: NOT_FOUND, the server knows no health of the service \"shop.Lost\"");
}

TEST_F(RealGrpcServer, WithoutAHealthServiceIsToldPlainly) {
  const GrpcServer server(false);
  EXPECT_EQ(probe(server.address(), grpc_check()),
            (ProbeResult{ProbeOutcome::kFailure,
                         "gRPC call failed: UNIMPLEMENTED, the server has no grpc.health.v1.Health"}));
}

TEST_F(RealGrpcServer, IsFollowedDownAndUpAgain) {
  const GrpcServer server(true);
  HealthCheck check = grpc_check();
  check.interval = milliseconds(20);
  check.fast_interval = milliseconds(10);
  const auto checker = make_health_checker(context_.get_executor(), 1);
  const auto watch = checker->watch(server.address(), check, [](const proxy::SocketAddress& /*address*/) {});
  ASSERT_TRUE(run_until(context_, [&] { return watch->health().up == true; }));
  server.set_serving(false);
  ASSERT_TRUE(run_until(context_, [&] { return watch->health().up == false; }));
  EXPECT_EQ(watch->health().detail, "gRPC NOT_SERVING, wanted SERVING");
  server.set_serving(true);
  EXPECT_TRUE(run_until(context_, [&] { return watch->health().up == true; }));
}

}  // namespace
}  // namespace ringway::discovery
