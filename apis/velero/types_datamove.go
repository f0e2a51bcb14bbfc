package velero

// UploaderType says what copies the files of volumes.
type UploaderType string

const (
	// UploaderTypeKopia copies with Kopia.
	UploaderTypeKopia UploaderType = "kopia"
	// UploaderTypeRestic copies with restic. Velero can only restore with it.
	UploaderTypeRestic UploaderType = "restic"
)

// DataMovePhase says how far a copy of a volume's data has come.
type DataMovePhase string

const (
	// DataMovePhaseNew means that no node has taken the copy on yet. So does no phase.
	DataMovePhaseNew DataMovePhase = "New"
	// DataMovePhaseAccepted means that a node has taken the copy on.
	DataMovePhaseAccepted DataMovePhase = "Accepted"
	// DataMovePhasePrepared means that the volume can be reached.
	DataMovePhasePrepared DataMovePhase = "Prepared"
	// DataMovePhaseInProgress means that data are copied now.
	DataMovePhaseInProgress DataMovePhase = "InProgress"
	// DataMovePhaseCanceling means that the copy is being broken off.
	DataMovePhaseCanceling DataMovePhase = "Canceling"
	// DataMovePhaseCanceled means that the copy was broken off.
	DataMovePhaseCanceled DataMovePhase = "Canceled"
	// DataMovePhaseCompleted means that everything was copied.
	DataMovePhaseCompleted DataMovePhase = "Completed"
	// DataMovePhaseFailed means that the copy failed; status.message says why.
	DataMovePhaseFailed DataMovePhase = "Failed"
)

// DataMoveOperationProgress is how much of a volume's data has been copied so far.
type DataMoveOperationProgress struct {
	// How many bytes there are.
	TotalBytes int64

	// How many of them have been copied.
	BytesDone int64
}

// NodeOS is the operating system of a node.
type NodeOS string

const (
	// NodeOSLinux is Linux.
	NodeOSLinux NodeOS = "linux"
	// NodeOSWindows is Windows.
	NodeOSWindows NodeOS = "windows"
	// NodeOSAuto is any.
	NodeOSAuto NodeOS = "auto"
)
