#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <thread>

namespace ringway::daemon::test {

/// An event loop on a thread of its own, for what must be asked from outside by blocking calls.
class LoopThread {
 public:
  LoopThread() : guard_(context.get_executor()), thread_([this] { context.run(); }) {}
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread() { join(); }

  /// Runs `work` on the loop's thread and waits for it.
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    boost::asio::post(context, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  /// Lets the loop come to its natural end: everything on it must have stopped.
  void join() {
    guard_.reset();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  boost::asio::io_context context{1};

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
};

}  // namespace ringway::daemon::test
