#!/usr/bin/env bash
# Makes the root file system of a node: Debian's packages and kind's files, as kind's own base image has them.
# Usage: base.sh KIND ROOT, with the folder of kind's module and one that is to be made.
set -euo pipefail
files=$1/images/base/files root=$2

packages=(
	systemd dbus conntrack iptables nftables iproute2 ethtool util-linux mount kmod libseccomp2 pigz e2fsprogs ca-certificates
	curl jq procps hostname runc containerd containernetworking-plugins busybox-static
)
debootstrap --variant=minbase --include="$(IFS=,; echo "${packages[*]}")" bookworm "$root"

# Services that do not belong into a container, as kind's Dockerfile takes them away.
rm -f "$root"/lib/systemd/system/{sysinit.target.wants/systemd-tmpfiles-setup.service,multi-user.target.wants/*,local-fs.target.wants/*} \
	"$root"/lib/systemd/system/{sockets.target.wants/*udev*,sockets.target.wants/*initctl*,basic.target.wants/*} "$root"/etc/systemd/system/*.wants/*
echo ReadKMsg=no >>"$root/etc/systemd/journald.conf"
ln -sf /usr/lib/systemd/systemd "$root/sbin/init"

# Go modules are read-only, and say nothing of which files are programs.
cp -r --no-preserve=mode "$files"/{etc,kind,usr} "$root/"
chmod 755 "$root"/usr/local/bin/* "$root"/kind/bin/*
mkdir -p "$root"/kind/manifests "$root"/etc/kubernetes/manifests "$root"/etc/cni/net.d "$root"/opt/cni/bin
# Debian's programs, where kind's files look for them.
ln -sf /usr/bin/{containerd,ctr,containerd-shim-runc-v2} "$root/usr/local/bin/"
cp "$root"/usr/lib/cni/{host-local,loopback,portmap,ptp} "$root/opt/cni/bin/"
chroot "$root" ctr oci spec |
	jq '.hooks.createContainer += [{"path": "/kind/bin/mount-product-files.sh"}] | del(.process.rlimits)' >"$root/etc/containerd/cri-base.json"
# Nodes work where containers may not protect themselves from the kernel's lack of memory, and with version 1 of cgroups, too.
sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' "$root/etc/containerd/config.toml"
sed -i 's/^KUBELET_EXTRA_ARGS=/&--fail-cgroupv1=false /' "$root/etc/default/kubelet"
chroot "$root" systemctl enable kubelet.service containerd.service undo-mount-hacks.service
chroot "$root" systemctl mask systemd-binfmt.service
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
