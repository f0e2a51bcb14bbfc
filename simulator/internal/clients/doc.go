// Package clients runs the command lines that people use with S3 against the simulator: awscli, s3cmd, rclone and restic
// as Debian packages them. Its tests need those programs, and are built with the tag clients only: make simulator-clients.
package clients
