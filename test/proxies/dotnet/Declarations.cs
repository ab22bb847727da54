// What the rendered middleware uses of ASP.NET Core, as its reference documentation declares it: enough to compile it
// where there is no .NET. Where something has a body, it does the least of what the documentation says.

using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Extensions.Primitives
{
    public struct StringValues
    {
        private readonly string[] values;

        public StringValues(string[] values) { this.values = values; }
        public int Count { get { return values == null ? 0 : values.Length; } }
        public string[] ToArray() { return values ?? new string[0]; }
        public static implicit operator StringValues(string value) { return new StringValues(new string[] { value }); }
    }
}

namespace Microsoft.Extensions.Logging
{
    public enum LogLevel { Information = 2, Warning = 3 }

    public interface ILogger { void Write(string line); }

    public interface ILogger<out T> : ILogger { }

    public static class LoggerExtensions
    {
        public static void Log(this ILogger logger, LogLevel level, string message, params object[] args)
        {
            logger.Write(level + " " + string.Join(" ", args));
        }

        public static void LogError(this ILogger logger, System.Exception error, string message, params object[] args)
        {
            logger.Write(message + " " + error);
        }
    }
}

namespace Microsoft.AspNetCore.Http
{
    public delegate Task RequestDelegate(HttpContext context);

    public interface IHeaderDictionary : IDictionary<string, StringValues> { }

    public abstract class HttpContext
    {
        public abstract HttpRequest Request { get; }
        public abstract HttpResponse Response { get; }
        public abstract IFeatureCollection Features { get; }
        public abstract ConnectionInfo Connection { get; }
        public abstract CancellationToken RequestAborted { get; set; }
    }

    public abstract class ConnectionInfo
    {
        public abstract IPAddress LocalIpAddress { get; set; }
    }

    public struct PathString
    {
        public string ToUriComponent() { return ""; }
    }

    public struct QueryString
    {
        private readonly string value;

        public QueryString(string value) { this.value = value; }
        public string Value { get { return value; } }
    }

    public abstract class HttpRequest
    {
        public abstract string Method { get; set; }
        public abstract string Scheme { get; set; }
        public abstract PathString PathBase { get; set; }
        public abstract PathString Path { get; set; }
        public abstract QueryString QueryString { get; set; }
        public abstract IHeaderDictionary Headers { get; }
    }

    public abstract class HttpResponse
    {
        public abstract int StatusCode { get; set; }
        public abstract IHeaderDictionary Headers { get; }
        public abstract Stream Body { get; set; }
        public abstract long? ContentLength { get; set; }
        public abstract string ContentType { get; set; }
        public abstract bool HasStarted { get; }
        public abstract void OnStarting(System.Func<Task> callback);
    }

    public static class ResponseExtensions
    {
        public static void Clear(this HttpResponse response)
        {
            response.Headers.Clear();
            response.StatusCode = 200;
        }
    }

    public class BadHttpRequestException : IOException
    {
        public int StatusCode { get { return 400; } }
    }

    public class PipeWriter
    {
        public virtual long UnflushedBytes { get { return 0; } }
        public virtual Task FlushAsync(CancellationToken cancellation = default(CancellationToken))
        {
            return Task.CompletedTask;
        }
    }

    public class StreamResponseBodyFeature : IHttpResponseBodyFeature
    {
        private readonly Stream stream;

        public StreamResponseBodyFeature(Stream stream, IHttpResponseBodyFeature priorFeature) { this.stream = stream; }
        public Stream Stream { get { return stream; } }
        public PipeWriter Writer { get { return new PipeWriter(); } }
    }
}

namespace Microsoft.AspNetCore.Http.Features
{
    public interface IFeatureCollection
    {
        TFeature Get<TFeature>();
        void Set<TFeature>(TFeature instance);
    }

    public interface IHttpRequestFeature
    {
        string RawTarget { get; set; }
    }

    public interface IHttpResponseBodyFeature
    {
        Stream Stream { get; }
        PipeWriter Writer { get; }
    }
}

namespace Microsoft.AspNetCore.Builder
{
    public interface IApplicationBuilder { }

    public static class UseMiddlewareExtensions
    {
        public static IApplicationBuilder UseMiddleware<TMiddleware>(this IApplicationBuilder app, params object[] args) { return app; }
    }
}
