#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace ringway::proxy {

/// Messages from other threads to a worker: many writers, one reader, no lock. What one writer posts keeps its order.
template <typename Recipient>
class Mailbox {
 public:
  using Message = std::move_only_function<void(Recipient&)>;

  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() { destroy(newest_.exchange(nullptr, std::memory_order_acquire)); }

  /// Any thread. True where the box was empty: the reader has to be woken.
  bool post(Message message) {
    Node* older = newest_.load(std::memory_order_relaxed);
    auto* node = new Node{std::move(message), older};
    // Once the exchange has succeeded the node is the reader's, which may have deleted it already.
    while (!newest_.compare_exchange_weak(older, node, std::memory_order_release, std::memory_order_relaxed)) {
      node->older = older;
    }
    return older == nullptr;
  }

  /// The recipient's thread: carries out all that has come, oldest first.
  void read(Recipient& recipient) {
    Node* oldest = nullptr;
    for (Node* node = newest_.exchange(nullptr, std::memory_order_acquire); node != nullptr;) {
      Node* older = node->older;
      node->older = oldest;
      oldest = node;
      node = older;
    }
    for (Node* node = oldest; node != nullptr; node = node->older) {
      node->message(recipient);
    }
    destroy(oldest);
  }

 private:
  struct Node {
    Message message;
    Node* older;
  };

  static void destroy(Node* node) {
    while (node != nullptr) {
      delete std::exchange(node, node->older);
    }
  }

  std::atomic<Node*> newest_{nullptr};
};

}  // namespace ringway::proxy
