#pragma once

#include <linux/types.h>

/// What the program in the kernel (C) and the daemon (C++) must agree on.

/// VIP:ports at the most; the kernel sets memory aside for all of them, about 100 bytes each.
#define RINGWAY_STEER_ADDRESSES 65536
#define RINGWAY_STEER_PREFIXES 4096
/// What an address leads to, in the maps of addresses: the socket that serves, or the one that answers nobody.
#define RINGWAY_STEER_SERVED 0
#define RINGWAY_STEER_SILENT 1
/// TCP and UDP, each for IPv4 and IPv6, each of both kinds.
#define RINGWAY_STEER_SOCKETS 8
#define RINGWAY_STEER_SOCKET(kind, udp, v6) (4U * (kind) + 2U * (udp) + (v6))
/// The third word of an IPv4-mapped address, as it lies in memory.
#define RINGWAY_STEER_MAPPED_V4 __builtin_bswap32(0xFFFFU)

/// All of an address that opens something; without gaps, for it is compared as bytes. A prefix compares port and
/// protocol whole and then as many bits of the address as it is long, so these two stand first.
struct SteeredAddress {
  __u16 port;  ///< host order
  __u16 protocol;
  __u32 ip[4];  ///< network order; IPv4 as ::ffff:a.b.c.d
};

struct SteeredPrefix {
  __u32 length;  ///< bits of `address`
  struct SteeredAddress address;
};
