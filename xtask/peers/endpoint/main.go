// A bare handler on Go's net/http: checks a token and writes a fixed answer. The stand-in for every credentials endpoint
// that is written in Go: it does what they all have to do, and nothing else. Reads the token and the answer from the files
// that it is given, and prints its address.
package main

import (
	"crypto/subtle"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: endpoint TOKEN-FILE ANSWER-FILE")
	}
	token, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	answer, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	handler := func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), token) != 1 {
			http.Error(w, "", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer)
	}
	log.Fatal(http.Serve(listener, http.HandlerFunc(handler)))
}
