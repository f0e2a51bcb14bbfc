// Package replicas does harm to one of several servers, members of etcd and controllers, while many write and watch, and measures what
// they notice of it. There is nothing in it but the test.
package replicas
