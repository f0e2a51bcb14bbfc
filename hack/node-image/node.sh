#!/usr/bin/env bash
# Puts the programs of Kubernetes, and the images that kubeadm looks for, into a node's root file system.
# Usage: node.sh KIND BASE VERSION WORK IMAGE, with the folder of kind's module, the image of the root file system, Kubernetes'
# version, an empty folder, and the name of the image to make.
set -euo pipefail
kind=$1 base=$2 version=$3 work=$4 image=$5 bin=../tools/bin
programs=localhost/node-programs:$version # the image of what kind adds to a cluster: storage, and the network of pods

id=$(docker run -d --entrypoint sleep --security-opt seccomp=unconfined "$base" infinity)
made=()
trap 'docker rm -f -v "$id" >/dev/null; ((${#made[@]} == 0)) || docker rmi "${made[@]}" >/dev/null' EXIT

docker cp "$bin/kube-node" "$id:/usr/local/bin/kube-node"
docker cp "$bin/crictl" "$id:/usr/local/bin/crictl"
docker exec "$id" sh -c 'for p in kubelet kubeadm kubectl; do ln -s /usr/local/bin/kube-node "/usr/bin/$p"; done'
wanted=$(docker exec "$id" kubeadm config images list --kubernetes-version "$version")

# All images are one layer with all programs: Kubernetes' are one file, which its name tells what to be.
./layer.sh "$base" "$bin" "$work/layer"
for name in $wanted "$programs"; do
	entrypoint=
	case $name in
	*/coredns:*) entrypoint='ENTRYPOINT ["/usr/local/bin/coredns"]' ;;
	*/pause:*) entrypoint='ENTRYPOINT ["/pause"]' pause=$name ;;
	esac
	docker import -c 'ENV PATH=/usr/local/bin:/usr/sbin:/bin' ${entrypoint:+-c "$entrypoint"} "$work/layer.tar" "$name"
	made+=("$name")
done

docker exec -d "$id" containerd
for ((i = 0; i < 30; i++)); do docker exec "$id" ctr version >/dev/null 2>&1 && break; sleep 1; done
docker save "${made[@]}" | docker exec -i "$id" ctr -n k8s.io images import --no-unpack --digests -
docker exec "$id" sh -c 'pkill containerd && while pgrep -x containerd >/dev/null; do sleep 0.1; done'

docker exec "$id" sed -i "s#sandbox_image = .*#sandbox_image = \"$pause\"#" /etc/containerd/config.toml
printf %s "$version" >"$work/version"
docker cp "$work/version" "$id:/kind/version"
sed "s#IMAGE#$programs#" pod-network.yaml >"$work/cni.yaml"
docker cp "$work/cni.yaml" "$id:/kind/manifests/default-cni.yaml"
# What kind installs for volumes, with our image in the place of its own.
sed -n '/^const defaultStorageManifest = `/,/^`/p' "$kind/pkg/build/nodeimage/const_storage.go" | sed '1d;$d' |
	sed -E "s#\` \+ storage(Provisioner|Helper)Image \+ \`#$programs#" >"$work/storage.yaml"
docker cp "$work/storage.yaml" "$id:/kind/manifests/default-storage.yaml"
docker commit --change 'ENV container=docker' --change 'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]' "$id" "$image"
