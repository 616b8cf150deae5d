#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "discovery/health/check.h"
#include "discovery/health/conversation.h"
#include "discovery/health/grpc_message.h"

namespace ringway::discovery {
namespace {

/// As much as is kept of a header of the answer.
constexpr std::size_t kMaxHeader_bytes = 256;
/// Between two looks at what nghttp2 wants to send; it gives up where a thousand acknowledgements wait.
constexpr std::size_t kSlice_bytes = 4096;

using Session = std::unique_ptr<nghttp2_session, decltype(&nghttp2_session_del)>;
using Option = std::unique_ptr<nghttp2_option, decltype(&nghttp2_option_del)>;
using Callbacks = std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)>;

std::string error_text(std::uint32_t code) {
  return nghttp2_http2_strerror(code);
}

std::string_view chars(const std::uint8_t* bytes, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are looked at as characters
  return {reinterpret_cast<const char*>(bytes), size};
}

std::uint8_t* bytes_of(std::string& text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): nghttp2 counts in bytes, and writes to none of these
  return reinterpret_cast<std::uint8_t*>(text.data());
}

/// A connection of its own: one stream, and what came on it.
class GrpcConversation final : public Conversation {
 public:
  GrpcConversation(const config::HealthCheck& check, const proxy::SocketAddress& address)
      : service_(check.service), request_(health_request(check.service)) {
    begin_session();
    call(check.host.empty() ? address.to_string() : check.host, check.timeout);
    collect_unsent();
  }

  std::string say() override { return verdict() ? std::string() : std::exchange(unsent_, {}); }

  [[nodiscard]] Step saying() const override { return {"call", "sending the call"}; }
  [[nodiscard]] Step hearing() const override { return {"answer" + goaway_, "waiting for an answer"}; }

 private:
  void begin_session() {
    nghttp2_session_callbacks* made = nullptr;
    nghttp2_session_callbacks_new(&made);
    const Callbacks callbacks(made, &nghttp2_session_callbacks_del);
    nghttp2_session_callbacks_set_on_header_callback(
        made, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                 const std::uint8_t* value, std::size_t value_size, std::uint8_t /*flags*/, void* self) {
          of(self).received_header(*frame, chars(name, name_size), chars(value, value_size));
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        made, [](nghttp2_session*, std::uint8_t /*flags*/, std::int32_t stream, const std::uint8_t* data,
                 std::size_t size, void* self) {
          of(self).data_ += stream == of(self).stream_ ? chars(data, size) : "";
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(made,
                                                         [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
                                                           of(self).received(*frame);
                                                           return 0;
                                                         });
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        made, [](nghttp2_session*, const nghttp2_frame*, int error, void* self) {
          of(self).fail(std::string("answer: not HTTP/2 (") + nghttp2_strerror(error) + ")");
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_send_callback(made,
                                                         [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
                                                           of(self).sent(*frame);
                                                           return 0;
                                                         });
    nghttp2_option* limits = nullptr;
    nghttp2_option_new(&limits);
    const Option option(limits, &nghttp2_option_del);
    // nghttp2 1.52 counts the pieces in which a CONTINUATION comes as frames; the answer as a whole has a limit of
    // ours.
    nghttp2_option_set_max_continuations(limits, kMaxProbedBodyBytes);
    nghttp2_session* session = nullptr;
    nghttp2_session_client_new2(&session, made, this, limits);
    session_.reset(session);
  }

  static GrpcConversation& of(void* self) { return *static_cast<GrpcConversation*>(self); }

  void call(std::string authority, std::chrono::milliseconds timeout) {
    const nghttp2_settings_entry no_push{NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, &no_push, 1);
    std::array<std::pair<std::string, std::string>, 8> headers = {
        {{":method", "POST"},
         {":scheme", "http"},
         {":path", "/grpc.health.v1.Health/Check"},
         {":authority", std::move(authority)},
         {"te", "trailers"},
         {"grpc-timeout", std::to_string(timeout.count()) + "m"},
         {"content-type", "application/grpc"},
         {"user-agent", "ringway-health-check"}}};
    std::array<nghttp2_nv, headers.size()> pairs{};
    std::ranges::transform(headers, pairs.begin(), [](auto& header) {
      auto& [name, value] = header;
      return nghttp2_nv{bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
    });
    nghttp2_data_provider message{};
    message.source.ptr = &request_;
    message.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t room, std::uint32_t* flags,
                               nghttp2_data_source* source, void*) -> ssize_t {
      auto& rest = *static_cast<std::string*>(source->ptr);
      const std::size_t size = rest.copy(chars_of(to), room);
      rest.erase(0, size);
      *flags |= rest.empty() ? NGHTTP2_DATA_FLAG_EOF : NGHTTP2_DATA_FLAG_NONE;
      return static_cast<ssize_t>(size);
    };
    stream_ = nghttp2_submit_request(session_.get(), nullptr, pairs.data(), pairs.size(), &message, nullptr);
  }

  static char* chars_of(std::uint8_t* bytes) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are written as bytes
    return reinterpret_cast<char*>(bytes);
  }

  void collect_unsent() {
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_.get(), &bytes)) > 0;) {
      unsent_ += chars(bytes, static_cast<std::size_t>(size));
    }
  }

  void take(std::string_view bytes) override {
    beginning_ += bytes.substr(0, kBeginning_bytes - beginning_.size());
    if (beginning_.starts_with("HTTP/1.")) {
      fail("answer: HTTP/1, where HTTP/2 without TLS and without asking for it is needed");
    } else if (beginning_.starts_with("\x15\x03")) {
      fail("answer: TLS, where HTTP/2 without it is needed");
    }
    while (!bytes.empty() && !verdict()) {
      const std::string_view slice = bytes.substr(0, std::min(kSlice_bytes, kMaxProbedBodyBytes - heard_bytes_));
      bytes.remove_prefix(slice.size());
      heard_bytes_ += slice.size();
      std::string copy(slice);
      const ssize_t read = nghttp2_session_mem_recv(session_.get(), bytes_of(copy), copy.size());
      if (read < 0) {
        fail(std::string("answer: not HTTP/2 (") + nghttp2_strerror(static_cast<int>(read)) + ")");
      }
      collect_unsent();
      if (heard_bytes_ == kMaxProbedBodyBytes) {
        fail("answer: longer than " + std::to_string(kMaxProbedBodyBytes / 1024) + " KiB");
      }
    }
  }

  void take_end() override { fail("answer" + goaway_ + ": connection closed before it was complete"); }

  void received_header(const nghttp2_frame& frame, std::string_view name, std::string_view value) {
    const std::string_view kept = value.substr(0, kMaxHeader_bytes);
    if (frame.hd.stream_id != stream_) {
      return;
    }
    if (name == ":status") {
      http_status_ = kept;
    } else if (name == "content-type") {
      content_type_ = kept;
    } else if (name == "grpc-status") {
      grpc_status_ = kept;
    } else if (name == "grpc-message") {
      grpc_message_ = kept;
    }
  }

  void received(const nghttp2_frame& frame) {
    if (frame.hd.type == NGHTTP2_GOAWAY) {
      goaway_ = ", the server goes away (" + error_text(frame.goaway.error_code) + ")";
      if (frame.goaway.last_stream_id < stream_) {
        fail("call not taken" + goaway_);
      }
    }
    if (frame.hd.stream_id != stream_) {
      return;
    }
    if (frame.hd.type == NGHTTP2_RST_STREAM) {
      fail("call reset by the server (" + error_text(frame.rst_stream.error_code) + ")");
    }
    if (frame.hd.type == NGHTTP2_HEADERS) {
      judge_head();
    }
    const bool has_end = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
    if (has_end && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      judge();
    }
  }

  /// What nghttp2 finds wrong it tells the server.
  void sent(const nghttp2_frame& frame) {
    if (frame.hd.type == NGHTTP2_GOAWAY) {
      const auto& data = frame.goaway;
      const std::string_view reason = chars(data.opaque_data, data.opaque_data_len);
      fail("answer: not HTTP/2 (" + error_text(data.error_code) + (reason.empty() ? "" : ": ") + std::string(reason) +
           ")");
    } else if (frame.hd.type == NGHTTP2_RST_STREAM && frame.hd.stream_id == stream_) {
      fail("answer: not HTTP/2 (" + error_text(frame.rst_stream.error_code) + ")");
    }
  }

  /// Statuses of 100 to 199 come before the answer.
  void judge_head() {
    if (http_status_.starts_with('1')) {
      return;
    }
    if (http_status_ != "200") {
      fail("HTTP " + http_status_ + ", where a gRPC answer is wanted");
    } else if (grpc_status_.empty() && !content_type_.starts_with("application/grpc")) {
      fail("HTTP 200 with the content-type " + bytes_text(content_type_) + ", where application/grpc is wanted");
    }
  }

  void judge() {
    if (grpc_status_.empty()) {
      fail("answer: it has no gRPC status");
    } else if (grpc_status_ != "0") {
      fail("gRPC call failed: " + call_failure());
    }
    const auto status = health_response(data_);
    if (!status) {
      fail("answer: it " + status.error());
    } else if (*status == kServing) {
      succeed("gRPC SERVING");
    } else {
      fail("gRPC " + serving_status_text(*status) + ", wanted SERVING");
    }
  }

  [[nodiscard]] std::string call_failure() const {
    const std::string status = grpc_status_text(grpc_status_);
    if (status == "UNIMPLEMENTED") {
      return status + ", the server has no grpc.health.v1.Health";
    }
    if (status == "NOT_FOUND") {
      return status + ", the server knows no health of the service " + bytes_text(service_);
    }
    return status + (grpc_message_.empty() ? "" : ", " + bytes_text(percent_decoded(grpc_message_)));
  }

  static constexpr std::size_t kBeginning_bytes = 7;

  std::string service_;
  std::string request_;  ///< what of the message nghttp2 has not taken yet
  Session session_{nullptr, &nghttp2_session_del};
  std::int32_t stream_ = 0;
  std::string unsent_;
  std::size_t heard_bytes_ = 0;
  std::string beginning_;  ///< of what was heard
  std::string http_status_;
  std::string content_type_;
  std::string grpc_status_;
  std::string grpc_message_;
  std::string data_;
  std::string goaway_;  ///< that the server goes away, and why
};

}  // namespace

std::unique_ptr<Conversation> make_grpc_conversation(const config::HealthCheck& check,
                                                     const proxy::SocketAddress& address) {
  return std::make_unique<GrpcConversation>(check, address);
}

}  // namespace ringway::discovery
