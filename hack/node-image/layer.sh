#!/usr/bin/env bash
# Makes the layer of which all images of the cluster are: static programs, and what kube-proxy runs from Debian's packages.
# Usage: layer.sh BASE BIN FOLDER, which writes FOLDER.tar.
set -euo pipefail
base=$1 bin=$2 layer=$3

mkdir -p "$layer"/{tmp,usr/local/bin,var/run}
chmod 1777 "$layer/tmp"
# With the libraries that they need, and the plugins of iptables.
docker run --rm -i --entrypoint bash "$base" -s <<'S' | tar -C "$layer" -x
set -euo pipefail
files=(/bin/busybox /etc/ssl/certs/ca-certificates.crt)
programs=(/usr/sbin/{xtables-nft-multi,xtables-legacy-multi,nft,conntrack} /usr/lib/*/xtables/*.so)
libraries=$(ldd "${programs[@]}" | grep -oE '/[^ :]+\.so[^ :]*' | grep -v /xtables/ | sort -u)
tar -C / -ch --ignore-failed-read -P --transform='s#^/##' "${files[@]}" "${programs[@]}" $libraries
S
cp "$bin"/{kube-node,etcd,coredns,local-path-provisioner} "$layer/usr/local/bin/"
cp "$bin/pause" "$layer/pause"
for program in kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubectl; do ln -s kube-node "$layer/usr/local/bin/$program"; done
for program in sh mkdir rm mv chmod grep cat ls sleep ip; do ln -s busybox "$layer/bin/$program"; done
echo 'root:x:0:0:root:/root:/bin/sh' >"$layer/etc/passwd"
install -m 755 iptables-any "$layer/usr/sbin/"
for family in iptables ip6tables; do for verb in "" -save -restore; do
	ln -s iptables-any "$layer/usr/sbin/$family$verb"
	ln -s xtables-nft-multi "$layer/usr/sbin/$family-nft$verb"
	ln -s xtables-legacy-multi "$layer/usr/sbin/$family-legacy$verb"
done; done
# The same content makes the same layer.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$layer" -cf "$layer.tar" .
rm -rf "$layer"
