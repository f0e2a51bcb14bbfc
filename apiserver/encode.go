package apiserver

import (
	"bytes"
	"io"

	"k8s.io/apimachinery/pkg/runtime"
)

// lightSerializer encodes events of watches without a copy that outlives them. Kubernetes' handler of a watch encodes each event into two
// buffers, which grow to the largest event and stay with the watch: thousands of idle watches of a large object would each hold it twice.
type lightSerializer struct{ runtime.NegotiatedSerializer }

// EncoderForVersion implements runtime.NegotiatedSerializer.
func (s lightSerializer) EncoderForVersion(encoder runtime.Encoder, version runtime.GroupVersioner) runtime.Encoder {
	return lightEncoder{s.NegotiatedSerializer.EncoderForVersion(encoder, version)}
}

// lightEncoder lends what it encodes to buffers that take it so, and which forget it when they are reset.
type lightEncoder struct{ runtime.Encoder }

// Encode implements runtime.Encoder.
func (e lightEncoder) Encode(object runtime.Object, w io.Writer) error {
	buffer, lends := w.(runtime.Splice)
	if !lends {
		return e.Encoder.Encode(object, w)
	}
	var encoded bytes.Buffer
	if err := e.Encoder.Encode(object, &encoded); err != nil {
		return err
	}
	buffer.Splice(encoded.Bytes())
	return nil
}
