// Chooses the listening socket of a packet that opens something: a SYN, or a datagram without a connected socket. Run by
// the kernel for every such packet of the network namespace (Documentation/bpf/prog_sk_lookup.rst). What it does not
// know goes on to the ordinary lookup, and so is refused where nobody listens.
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#include "proxy/steer/maps.h"

#define AF_INET 2
#define AF_INET6 10

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, RINGWAY_STEER_ADDRESSES);
  __type(key, struct SteeredAddress);
  __type(value, __u8);
} addresses SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, RINGWAY_STEER_PREFIXES);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct SteeredPrefix);
  __type(value, __u8);
} prefixes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_SOCKMAP);
  __uint(max_entries, RINGWAY_STEER_SOCKETS);
  __type(key, __u32);
  __type(value, __u64);
} sockets SEC(".maps");

SEC("sk_lookup")
int ringway_steer(struct bpf_sk_lookup* packet) {
  struct SteeredPrefix prefix = {};
  struct SteeredAddress* address = &prefix.address;
  if (packet->family == AF_INET) {
    address->ip[2] = RINGWAY_STEER_MAPPED_V4;
    address->ip[3] = packet->local_ip4;
    // Else the compiler joins the last load of both branches into one at a computed place, which the verifier refuses.
    barrier();
  } else {
    address->ip[0] = packet->local_ip6[0];
    address->ip[1] = packet->local_ip6[1];
    address->ip[2] = packet->local_ip6[2];
    address->ip[3] = packet->local_ip6[3];
  }
  address->port = packet->local_port;
  address->protocol = packet->protocol;
  prefix.length = 8 * sizeof(prefix.address);
  const __u8* kind = bpf_map_lookup_elem(&addresses, address);
  if (!kind) {
    kind = bpf_map_lookup_elem(&prefixes, &prefix);
  }
  if (!kind) {
    return SK_PASS;
  }
  // SK_DROP would not be silent: the kernel answers as where nobody listens.
  const __u32 place = RINGWAY_STEER_SOCKET(*kind, packet->protocol == IPPROTO_UDP, packet->family == AF_INET6);
  struct bpf_sock* socket = bpf_map_lookup_elem(&sockets, &place);
  if (!socket) {
    return SK_PASS;
  }
  // One socket stands for its SO_REUSEPORT group, in which the kernel chooses by the hash of both addresses. Without
  // BPF_SK_LOOKUP_F_REPLACE what another program chose before stays chosen: who was there first has the address.
  bpf_sk_assign(packet, socket, 0);
  bpf_sk_release(socket);
  return SK_PASS;
}
